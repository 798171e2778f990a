package io.kdelta.server;

import io.kdelta.cluster.ClusterConfig;
import io.kdelta.document.CanonicalJson;
import io.kdelta.error.KdeltaException;
import io.kdelta.tls.Credentials;
import io.kdelta.tls.TlsFiles;
import java.io.IOException;
import java.io.Reader;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;

/**
 * Makes a {@link NodeConfig} out of flags and a properties file ({@code key = value}). A flag wins
 * over the file, the file over the default. An unknown key is an error that names the closest one.
 */
public final class NodeSettings {
  /** Every key of the file; the flags are the same words behind two dashes. */
  public static final List<String> KEYS =
      List.of(
          "advertise",
          "backups",
          "cluster",
          "data",
          "document-bytes-max",
          "http",
          "http-host",
          "in-memory",
          "insecure",
          "join",
          "listen",
          "name",
          "port",
          "scrub-hours",
          "tls-ca",
          "tls-cert",
          "tls-client-auth",
          "tls-key",
          "zone");

  private static final String NONE = "none";
  private static final String REQUIRE = "require";
  private static final int HTTP_OFFSET = 2;
  private static final int SCRUB_HOURS = 24;

  private final TreeMap<String, String> values = new TreeMap<>();

  private NodeSettings() {}

  /** Reads {@code file} if there is one, and lays {@code flags} over it. */
  public static NodeConfig read(Optional<Path> file, Map<String, String> flags) {
    NodeSettings settings = new NodeSettings();
    if (file.isPresent()) settings.load(file.get());
    settings.put(flags, "the command line");
    return settings.config();
  }

  private void load(Path file) {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      properties.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      throw new KdeltaException.Invalid("config", "cannot read " + file + ": " + e);
    }
    TreeMap<String, String> read = new TreeMap<>();
    for (String key : properties.stringPropertyNames()) read.put(key, properties.getProperty(key));
    put(read, file.toString());
  }

  private void put(Map<String, String> given, String origin) {
    if (given.containsKey("port") && given.containsKey("listen")) {
      throw new KdeltaException.Invalid("port", "says the same as listen; give one of the two");
    }
    for (Map.Entry<String, String> entry : given.entrySet()) {
      String key = entry.getKey();
      if (!KEYS.contains(key)) {
        throw new KdeltaException.Invalid(
            key,
            "no such setting (" + origin + "); the closest is '" + ClosestWord.of(key, KEYS) + "'");
      }
      // A flag for the one overrides the other in the file.
      if (key.equals("port")) values.remove("listen");
      if (key.equals("listen")) values.remove("port");
      values.put(key, entry.getValue().strip());
    }
  }

  private NodeConfig config() {
    Address listen =
        values.containsKey("port")
            ? Address.loopback(number("port", Address.PORT_DEFAULT))
            : address("listen").orElse(Address.loopback(Address.PORT_DEFAULT));
    boolean inMemory = flag("in-memory");
    return new NodeConfig(
        new NodeConfig.Identity(
            values.getOrDefault("name", defaultName(listen)),
            values.getOrDefault("zone", ""),
            Optional.ofNullable(values.get("cluster")),
            join(),
            number("backups", ClusterConfig.BACKUPS)),
        new NodeConfig.Network(
            listen, http(listen), httpHosts(), advertise(listen), tls(), flag("insecure")),
        new NodeConfig.Store(
            Path.of(values.getOrDefault("data", defaultDirectory())),
            inMemory,
            number("document-bytes-max", CanonicalJson.BYTES_DEFAULT),
            number("scrub-hours", SCRUB_HOURS)));
  }

  private static String defaultDirectory() {
    return Path.of(System.getProperty("user.home"), ".kdelta", "data").toString();
  }

  /** On one machine the port tells nodes apart, on several the host does. */
  private static String defaultName(Address listen) {
    if (listen.loopback()) return "node-" + listen.port();
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "node-" + listen.port();
    }
  }

  /** Peers cannot dial "everywhere": then they are told the name of this host. */
  private Optional<Address> advertise(Address listen) {
    Optional<Address> given = address("advertise");
    if (given.isPresent() || listen.port() == 0) return given;
    try {
      return InetAddress.getByName(listen.host()).isAnyLocalAddress()
          ? Optional.of(new Address(InetAddress.getLocalHost().getHostName(), listen.port()))
          : Optional.empty();
    } catch (UnknownHostException e) {
      return Optional.empty();
    }
  }

  private Optional<Address> http(Address listen) {
    String text = values.get("http");
    if (text != null && text.equals(NONE)) return Optional.empty();
    if (text != null) return address("http");
    int port = listen.port() == 0 ? 0 : listen.port() + HTTP_OFFSET;
    return Optional.of(listen.withPort(port));
  }

  private List<String> httpHosts() {
    return Arrays.stream(values.getOrDefault("http-host", "").split(",", -1))
        .map(String::strip)
        .filter(host -> !host.isEmpty())
        .toList();
  }

  /** Whoever names a CA and says no more wants certificates of everybody. */
  private Optional<NodeConfig.Tls> tls() {
    TlsFiles files = new TlsFiles(path("tls-ca"), path("tls-cert"), path("tls-key"));
    String clients = values.get("tls-client-auth");
    if (files.equals(TlsFiles.NONE) && clients == null) return Optional.empty();
    if (clients == null) clients = files.ca().isPresent() ? REQUIRE : NONE;
    if (!clients.equals(NONE) && !clients.equals(REQUIRE)) {
      throw new KdeltaException.Invalid(
          "tls-client-auth", "'" + clients + "' is neither none nor require");
    }
    return Optional.of(new NodeConfig.Tls(files, clients.equals(REQUIRE), Credentials.LOOK));
  }

  private Optional<Path> path(String key) {
    return Optional.ofNullable(values.get(key)).map(Path::of);
  }

  private List<String> join() {
    List<String> addresses = new ArrayList<>();
    for (String part : values.getOrDefault("join", "").split(",", -1)) {
      String peer = part.strip();
      if (peer.isEmpty()) continue;
      if (!peer.startsWith(HostNames.SRV)) {
        addresses.add(Address.parse("join", peer).toString());
      } else if (peer.length() == HostNames.SRV.length()) {
        throw new KdeltaException.Invalid("join", "'" + peer + "' names no service");
      } else {
        addresses.add(peer);
      }
    }
    return addresses;
  }

  private Optional<Address> address(String key) {
    return Optional.ofNullable(values.get(key)).map(text -> Address.parse(key, text));
  }

  private int number(String key, int otherwise) {
    String text = values.get(key);
    if (text == null) return otherwise;
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new KdeltaException.Invalid(key, "'" + text + "' is not a number");
    }
  }

  private boolean flag(String key) {
    String text = values.getOrDefault(key, "false");
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new KdeltaException.Invalid(key, "'" + text + "' is not true or false");
    };
  }
}
