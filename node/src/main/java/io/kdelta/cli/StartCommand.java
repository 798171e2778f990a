package io.kdelta.cli;

import io.kdelta.env.HostPriority;
import io.kdelta.error.KdeltaException;
import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeConfig;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import io.kdelta.server.Notices;
import io.kdelta.server.Software;
import java.nio.file.Path;
import java.security.Security;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code kdelta start}: runs a node until it is told to stop. */
@Command(name = "start", description = "Run a node.")
final class StartCommand implements Callable<Integer> {
  /**
   * A setting of the node as a flag.
   *
   * @param name the same word as in the file
   * @param label what stands for its value in the help; empty: it has none
   */
  private record Flag(String name, String label, String description) {
    OptionSpec option() {
      OptionSpec.Builder option = OptionSpec.builder("--" + name).description(description);
      return label.isEmpty()
          ? option.type(boolean.class).arity("0").fallbackValue("true").build()
          : option.type(String.class).arity("1").paramLabel(label).build();
    }
  }

  private static final List<Flag> FLAGS =
      List.of(
          new Flag("data", "DIR", "Data directory (default ~/.kdelta/data)."),
          new Flag("listen", "HOST:PORT", "gRPC, of clients and peers (default 127.0.0.1:7878)."),
          new Flag("http", "HOST:PORT|none", "Probes and metrics (default: the port of gRPC + 2)."),
          new Flag(
              "http-host",
              "NAME,...",
              "Names beside its addresses that HTTP may be asked under; .NAME: all below it."),
          new Flag("port", "N", "Short for --listen 127.0.0.1:N."),
          new Flag(
              "advertise",
              "HOST:PORT",
              "Where peers are told to dial (default: where it listens; the name of this host when"
                  + " that is everywhere)."),
          new Flag(
              "join",
              "HOST:PORT,...",
              "Nodes of the cluster. All addresses of a name are tried, as they are by then;"
                  + " dns+srv:NAME takes hosts and ports from SRV records."),
          new Flag("cluster", "NAME", "Name of the cluster."),
          new Flag("name", "NAME", "Name of the node (default node-PORT)."),
          new Flag("zone", "ZONE", "Failure domain of the node."),
          new Flag(
              "backups", "N", "Nodes that are to hold each write beside this one (default 2)."),
          new Flag("document-bytes-max", "N", "Largest document (default 1 MiB, at most 16 MiB)."),
          new Flag(
              "scrub-hours",
              "N",
              "Read all tables once in so many hours, to find rot (default 24; 0: never)."),
          new Flag(
              "tls-client-auth",
              "none|require",
              "Whether clients have to show a certificate of --tls-ca (default: require with"
                  + " --tls-ca); peers have to, where there is one."),
          new Flag("in-memory", "", "Keep nothing when it stops."),
          new Flag("insecure", "", "Listen beyond this machine although nothing is encrypted."));

  private final Invocation invocation;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--config", paramLabel = "FILE", description = "Properties, key = value.")
  private @Nullable Path config;

  @Option(
      names = "--log-format",
      paramLabel = "text|json",
      description = "How to log: lines for people (default), or an object a line.")
  private LogFormat logFormat = LogFormat.TEXT;

  private StartCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  static CommandLine commandLine(Invocation invocation) {
    CommandLine line = new CommandLine(new StartCommand(invocation));
    for (Flag flag : FLAGS) line.getCommandSpec().addOption(flag.option());
    return line;
  }

  @Override
  public Integer call() throws InterruptedException {
    Instant begun = invocation.console().now().get();
    if (logFormat != LogFormat.TEXT) {
      LogLines.install(invocation.console().err(), invocation.debug(), logFormat);
    }
    // Behind the name of a peer may be another address with every dial.
    Security.setProperty("networkaddress.cache.ttl", "0");
    Security.setProperty("networkaddress.cache.negative.ttl", "0");
    NodeConfig settings;
    try {
      settings = NodeSettings.read(Optional.ofNullable(config), flags());
    } catch (KdeltaException.Invalid e) {
      throw new CliException(
          ExitCode.USAGE, "INVALID_ARGUMENT", e.getMessage() + "", "kdelta start --help", e);
    }
    HostPriority.lowerCompilers()
        .ifPresent(why -> log("threads that compile run like the others: " + why));
    NodeServer server;
    try {
      server = NodeServer.start(settings, new Log());
    } catch (CannotStart e) {
      String hint = e.hint().isEmpty() ? null : e.hint();
      throw new CliException(ExitCode.CONFLICT, "CANNOT_START", e.getMessage() + "", hint, e);
    } catch (KdeltaException e) {
      throw startFailure(e);
    }
    return serve(server, settings, begun);
  }

  private Integer serve(NodeServer server, NodeConfig settings, Instant begun)
      throws InterruptedException {
    AtomicInteger signals = new AtomicInteger();
    Signals.onStop(() -> {
      if (signals.incrementAndGet() > 1) Runtime.getRuntime().halt(ExitCode.DONE);
      Thread.ofPlatform().name("kdelta-stop").start(() -> stop(server));
    });
    announce(server, settings, begun);
    Optional<Throwable> cause = server.awaitDeparture();
    if (signals.get() > 0) {
      // The thread of the signal ends the process when everything is closed.
      Thread.sleep(Long.MAX_VALUE);
    }
    server.close();
    if (cause.isEmpty()) {
      log("stopped");
      return ExitCode.DONE;
    }
    throw new CliException(
        cause.get() instanceof KdeltaException.Corrupt ? ExitCode.CORRUPT : ExitCode.UNEXPECTED,
        "STOPPED",
        "the node stopped itself: " + cause.get().getMessage(),
        "what was acknowledged is in its data directory; kdelta start recovers it",
        cause.get());
  }

  private void stop(NodeServer server) {
    log("stopping: no more requests; a second signal ends at once");
    server.drain();
    server.close();
    log("stopped");
    invocation.console().out().flush();
    Runtime.getRuntime().halt(ExitCode.DONE);
  }

  private void announce(NodeServer server, NodeConfig settings, Instant begun) {
    if (settings.network().exposed()) warnOf(settings.network());
    Duration took = Duration.between(begun, invocation.console().now().get());
    if (logFormat == LogFormat.JSON) {
      log(
          "kdelta "
              + Software.VERSION
              + " "
              + settings.identity().name()
              + " is ready in "
              + took.toMillis()
              + " ms: gRPC "
              + server.address()
              + server.httpAddress().map(a -> ", HTTP " + a).orElse(""));
      return;
    }
    String scheme = settings.network().tls().isPresent() ? "https://" : "http://";
    var out = invocation.console().out();
    out.println("kdelta " + Software.VERSION + "  " + settings.identity().name());
    out.println("  gRPC  " + server.address());
    settings.network().advertise().ifPresent(address -> out.println("  peers dial  " + address));
    server
        .httpAddress()
        .ifPresent(a -> out.println("  HTTP  " + scheme + a + "  /v1 /healthz /readyz /metrics"));
    out.println(
        "  data  "
            + (settings.store().inMemory()
                ? "in memory: gone when it stops"
                : settings.store().directory().toAbsolutePath()));
    if (!settings.identity().join().isEmpty()) {
      out.println("  join  " + String.join(", ", settings.identity().join()));
    }
    out.println("ready in " + took.toMillis() + " ms");
    out.flush();
  }

  private void warnOf(NodeConfig.Network network) {
    Optional<NodeConfig.Tls> tls = network.tls();
    if (tls.isEmpty()) {
      log(
          "WARNING: other machines can reach this node, and nothing is encrypted or"
              + " authenticated (--insecure)");
    } else if (tls.get().files().ca().isEmpty()) {
      log(
          "WARNING: other machines can reach this node, and whoever does may read, write and"
              + " pose as a peer; --tls-ca FILE asks all for a certificate");
    } else if (!tls.get().clientsAuthenticate()) {
      log(
          "WARNING: other machines can reach this node, and whoever does may read and write"
              + " (--tls-client-auth none)");
    }
  }

  /** The settings among the flags, by the names that the file has for them too. */
  private Map<String, String> flags() {
    // The same flags as those of a client, for the node dials its peers by them, too.
    TreeMap<String, String> flags = new TreeMap<>(invocation.tlsSettings());
    for (Flag flag : FLAGS) {
      Object value = spec.findOption("--" + flag.name()).getValue();
      boolean given = value != null && !value.equals(false);
      if (given) flags.put(flag.name(), value.toString());
    }
    return flags;
  }

  private void log(String line) {
    log(line, new TreeMap<>());
  }

  private void log(String line, SequencedMap<String, String> fields) {
    Instant now = invocation.console().now().get();
    invocation.console().notice(logFormat.lines(LogFormat.Entry.notice(now, line), fields));
  }

  /** What the node itself has to say. */
  private final class Log implements Notices {
    @Override
    public void accept(String line) {
      log(line);
    }

    @Override
    public void accept(String what, SequencedMap<String, String> fields) {
      log(what, fields);
    }
  }

  /** What a person is told whose node can not start, and what to do about it. */
  static CliException startFailure(KdeltaException error) {
    boolean corrupt = error instanceof KdeltaException.Corrupt;
    String hint = error.hint().orElse(null);
    if (corrupt) {
      hint =
          "nothing was changed; keep the data directory, give --data a new one and --join a peer:"
              + " the peers bring back what they hold";
    } else if (error instanceof KdeltaException.DiskFault fault && fault.full()) {
      hint = "nothing was lost; make room on that disk and start again";
    }
    return new CliException(
        corrupt ? ExitCode.CORRUPT : ExitCode.UNEXPECTED,
        corrupt ? "CORRUPT" : "CANNOT_START",
        "the node cannot start: " + error.getMessage(),
        hint,
        error);
  }
}
