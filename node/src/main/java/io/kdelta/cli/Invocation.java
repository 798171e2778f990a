package io.kdelta.cli;

import io.kdelta.error.KdeltaException;
import io.kdelta.tls.TlsFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;

/**
 * The flags that every command takes, before or after its verb, and what follows from them: the
 * console, the output, the client.
 */
final class Invocation {
  private static final String SERVER_VARIABLE = "KDELTA_SERVER";

  /** Not KDELTA_HTTP, which is the flag of a node. */
  private static final String PLAIN_HTTP_VARIABLE = "KDELTA_PLAIN_HTTP";

  private static final Duration TIME_LEAST = Duration.ofMillis(20);

  private Console console;
  private final Settings settings;
  private final @Nullable Connections connections;
  private Duration spent = Duration.ZERO;

  @Option(
      names = {"-s", "--server"},
      scope = ScopeType.INHERIT,
      paramLabel = "HOST:PORT,...",
      description = "Servers to talk to, in order (default 127.0.0.1:7878; env KDELTA_SERVER).")
  private @Nullable String server;

  @Option(
      names = {"-o", "--output"},
      scope = ScopeType.INHERIT,
      paramLabel = "FORMAT",
      converter = FormatName.class,
      description = "${COMPLETION-CANDIDATES}; default: table on a terminal, jsonl in a pipe.")
  private @Nullable Format format;

  @Option(
      fallbackValue = "true",
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      description = "Only ids and data; no notices.")
  private boolean quiet;

  @Option(
      fallbackValue = "true",
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show stack traces of errors.")
  private boolean debug;

  @Option(
      names = "--timeout",
      scope = ScopeType.INHERIT,
      paramLabel = "SECONDS",
      converter = Seconds.class,
      description = "How long a call may take (default 10).")
  private Duration timeout = Duration.ofSeconds(10);

  @Option(
      names = "--context",
      scope = ScopeType.INHERIT,
      paramLabel = "NAME",
      description =
          "Settings under this name (kdelta config), and what was seen with them, so that no server"
              + " answers with less (default: what several servers said is kept under their"
              + " names).")
  private @Nullable String context;

  @Option(
      names = "--token",
      scope = ScopeType.INHERIT,
      paramLabel = "TOKEN",
      description =
          "Answer nothing older than what this causal token names; none: begin a new session.")
  private @Nullable String token;

  @Option(
      fallbackValue = "true",
      names = "--tls",
      scope = ScopeType.INHERIT,
      description = "Speak TLS; trust whom the JDK trusts, unless --tls-ca says otherwise.")
  private boolean tls;

  @Option(
      names = "--tls-ca",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description = "Speak TLS; whose certificates to trust (PEM).")
  private @Nullable Path tlsCa;

  @Option(
      names = "--tls-cert",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description = "Certificate to show, with whoever signed it behind (PEM).")
  private @Nullable Path tlsCert;

  @Option(
      names = "--tls-key",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description = "Its key (PEM, PKCS #8, not encrypted).")
  private @Nullable Path tlsKey;

  Invocation(Console console, Map<String, String> environment) {
    this(console, Settings.none(environment), null);
  }

  /**
   * A command among several.
   *
   * @param settings what it takes for the flags that it is not given
   * @param connections that it uses and leaves open; null: its own, which end with it
   */
  Invocation(Console console, Settings settings, @Nullable Connections connections) {
    this.console = console;
    this.settings = settings;
    this.connections = connections;
  }

  Console console() {
    return console;
  }

  /** For a command that is run again. */
  void speakTo(Console other) {
    this.console = other;
  }

  boolean quiet() {
    return quiet;
  }

  boolean debug() {
    return debug;
  }

  @Nullable Format format() {
    return format;
  }

  Duration timeout() {
    return timeout;
  }

  /** The same, where a call may take no longer than this. */
  Invocation within(Duration most) {
    if (timeout.compareTo(most) > 0) timeout = most;
    return this;
  }

  /** The time that an earlier try has taken of the first command's. */
  void spent(Duration time) {
    this.spent = time;
  }

  /** How long a call may take: never nothing, so that it is the call which fails. */
  private Duration left() {
    Duration left = timeout.minus(spent);
    return left.compareTo(TIME_LEAST) < 0 ? TIME_LEAST : left;
  }

  /** Variables, those among them that stand in files. */
  Map<String, String> environment() {
    return settings.variables();
  }

  Settings settings() {
    return settings;
  }

  /** The session or context that was named; null: none was. */
  @Nullable String context() {
    return context;
  }

  Output output() {
    return new Output(console, format);
  }

  Servers servers() {
    if (server != null) return Servers.parse(server, "from -s");
    settings.mustKnowContext();
    String named = environment().get(SERVER_VARIABLE);
    String origin =
        connections == null ? "from " + settings.origin(SERVER_VARIABLE) : "of this shell";
    if (named != null && !named.isBlank()) return Servers.parse(named, origin);
    return Servers.parse(Servers.DEFAULT, "the default");
  }

  Client client() {
    return client(servers());
  }

  /** To other servers than those that were named. */
  Client client(Servers servers) {
    // Who names a token goes on with another session than that of the shell.
    return connections != null && token == null
        ? connections.client(
            servers, timeout, sessionName(servers), tls(), () -> session(servers), !grpcAlone())
        : new Client(servers, left(), session(servers), tls(), connections == null && !grpcAlone());
  }

  private boolean grpcAlone() {
    return environment().getOrDefault(PLAIN_HTTP_VARIABLE, "").equals("off");
  }

  /** How to speak TLS; empty: not at all. */
  Optional<TlsFiles> tls() {
    TlsFiles files = tlsFiles();
    return tls || !files.equals(TlsFiles.NONE) ? Optional.of(files) : Optional.empty();
  }

  /** The files that were named, by a client or by a node that starts. */
  private TlsFiles tlsFiles() {
    try {
      return new TlsFiles(
          Optional.ofNullable(tlsCa), Optional.ofNullable(tlsCert), Optional.ofNullable(tlsKey));
    } catch (KdeltaException.Invalid e) {
      throw tlsRefused(e);
    }
  }

  /** The files of TLS as settings of a node. */
  Map<String, String> tlsSettings() {
    TreeMap<String, String> settings = new TreeMap<>();
    TlsFiles files = tlsFiles();
    if (tls && files.certificate().isEmpty()) {
      throw CliException.usage(
          "--tls: a node that speaks TLS shows a certificate",
          "kdelta start --tls-cert FILE --tls-key FILE --tls-ca FILE");
    }
    files.ca().ifPresent(file -> settings.put("tls-ca", file.toString()));
    files.certificate().ifPresent(file -> settings.put("tls-cert", file.toString()));
    files.key().ifPresent(file -> settings.put("tls-key", file.toString()));
    return settings;
  }

  /** What a person is told whose files of TLS cannot be used. */
  static CliException tlsRefused(KdeltaException.Invalid error) {
    return new CliException(
        ExitCode.USAGE, "INVALID_ARGUMENT", "--" + error.getMessage(), null, error);
  }

  /** A lone server remembers what it said; a token is for going to another one. */
  private Session session(Servers servers) {
    String home = environment().get("HOME");
    String name = sessionName(servers);
    TokenFile file =
        name.isEmpty() || home == null || home.isEmpty()
            ? null
            : new TokenFile(Path.of(home), name);
    return Session.begin(file, token, this::notice);
  }

  /** Under which name the session goes on; empty: it ends with the command. */
  private String sessionName(Servers servers) {
    boolean several = servers.addresses().size() > 1;
    return context != null ? context : several ? String.join(",", servers.addresses()) : "";
  }

  /** A line for the person, unless the person wants none. */
  void notice(String line) {
    if (!quiet) console.notice(line);
  }

  /** A format by its name. */
  static final class FormatName implements ITypeConverter<Format> {
    @Override
    public Format convert(String value) {
      for (Format format : Format.values()) {
        if (format.toString().equals(value)) return format;
      }
      throw new TypeConversionException(
          "'" + value + "' is none of table, json, jsonl, yaml, csv, raw, name");
    }
  }

  /** Whole or fractional seconds, more than none. */
  static final class Seconds implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
      double seconds;
      try {
        seconds = Double.parseDouble(value);
      } catch (NumberFormatException e) {
        throw new TypeConversionException("'" + value + "' is no number");
      }
      if (!(seconds > 0 && seconds <= 86_400)) {
        throw new TypeConversionException("'" + value + "' is not between 0 and 86,400");
      }
      return Duration.ofNanos((long) (seconds * 1e9));
    }
  }
}
