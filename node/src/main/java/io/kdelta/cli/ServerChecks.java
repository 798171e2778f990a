package io.kdelta.cli;

import io.kdelta.proto.v1.AdminGrpc;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.ClusterStatus;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.GetNodeStatusRequest;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.NodeStatus;
import io.kdelta.server.Software;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What {@code kdelta doctor} asks a server, and what it tries from here: its ports, its peers, its
 * clock. One thread.
 */
final class ServerChecks {
  private static final int CONNECT_MILLIS = 1_500;
  private static final int MEMBERS_TRIED_MAX = 20;

  /** The header of HTTP that tells the time tells whole seconds. */
  private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(2);

  private final List<Finding> findings;
  private final Supplier<Instant> now;
  private final boolean secured;

  ServerChecks(List<Finding> findings, Supplier<Instant> now, boolean secured) {
    this.findings = findings;
    this.now = now;
    this.secured = secured;
  }

  /** Everything about one server; what it told of itself, or null. */
  @Nullable NodeStatus server(Client client, Duration atMost) {
    String address = client.servers().addresses().getFirst();
    NodeStatus status;
    try {
      status =
          client.call(
              atMost,
              c ->
                  c.call(
                      AdminGrpc.getGetNodeStatusMethod(),
                      GetNodeStatusRequest.getDefaultInstance()));
    } catch (CliException e) {
      unreached(address, e);
      return null;
    }
    String answered = client.address();
    findings.add(
        Finding.ok("grpc", answered + " is " + status.getName() + ", data " + data(status)));
    for (String other : client.servers().addresses()) {
      if (other.equals(answered) || answers(other)) continue;
      findings.add(
          Finding.warn(
              "grpc", "nobody answers at " + other, "the others are asked as long as one answers"));
    }
    told(status);
    http(status.getHttpAddress());
    members(client, atMost);
    return status;
  }

  private static String data(NodeStatus status) {
    return status.getDataDirectory().isEmpty() ? "in memory" : status.getDataDirectory();
  }

  private void unreached(String address, CliException e) {
    boolean somebody = answers(address);
    findings.add(
        somebody
            ? Finding.fail("grpc", "somebody answers at " + address + ": " + e.text(), e.hint())
            : Finding.fail("grpc", e.text(), "kdelta start runs a node here: nobody has the port"));
  }

  private void told(NodeStatus status) {
    findings.add(
        status.getVersion().equals(Software.VERSION)
            ? Finding.ok("version", "client and server are " + Software.VERSION)
            : Finding.warn(
                "version",
                "the client is " + Software.VERSION + ", the server " + status.getVersion(),
                "what only one of them knows does not work"));
    findings.add(
        status.getReady()
            ? Finding.ok("ready", "the node serves reads and is up to date")
            : Finding.warn(
                "ready", "the node is not ready yet", "kdelta cluster status tells why"));
    if (!status.getReadOnlyReason().isEmpty()) {
      findings.add(
          Finding.fail(
              "writes",
              "refused: " + status.getReadOnlyReason(),
              "kdelta admin status tells more"));
    }
    long damaged = status.getStore().getDamaged();
    if (damaged > 0) {
      findings.add(
          Finding.fail(
              "damage",
              damaged + " tables or parts of the log are damaged",
              "kdelta admin status; they are fetched anew"));
    }
  }

  /** The HTTP port that the node names, and by it the clock. */
  private void http(String address) {
    if (address.isEmpty()) {
      findings.add(Finding.warn("http", "the node has no HTTP port", "kdelta start --http PORT"));
      return;
    }
    if (secured) {
      findings.add(
          answers(address)
              ? Finding.ok("http", address + " takes connections (TLS: nothing was asked)")
              : Finding.fail("http", "nobody answers at " + address, "kdelta start --http PORT"));
      return;
    }
    try {
      HttpURLConnection connection =
          (HttpURLConnection) URI.create("http://" + address + "/readyz").toURL().openConnection();
      connection.setConnectTimeout(CONNECT_MILLIS);
      connection.setReadTimeout(CONNECT_MILLIS);
      Instant before = now.get();
      int code = connection.getResponseCode();
      long date = connection.getDate();
      connection.disconnect();
      findings.add(Finding.ok("http", address + " answers (/readyz: " + code + ")"));
      if (date != 0) clock(before, Instant.ofEpochMilli(date));
    } catch (IOException e) {
      findings.add(
          Finding.fail(
              "http",
              "no answer from " + address + ": " + e.getMessage(),
              "is that address reachable from here? commands go by gRPC meanwhile"));
    }
  }

  private void clock(Instant here, Instant there) {
    Duration apart = Duration.between(there, here).abs();
    boolean near = apart.compareTo(CLOCK_TOLERANCE) <= 0;
    findings.add(
        near
            ? Finding.ok("clock", "within 2 s of that of the server")
            : Finding.warn(
                "clock",
                "here it is " + here + ", at the server " + there,
                "let both follow NTP; times in log and --at are those of the node that wrote"));
  }

  private void members(Client client, Duration atMost) {
    ClusterStatus status;
    try {
      status =
          client.call(
              atMost,
              c ->
                  c.call(
                      ClusterGrpc.getGetClusterStatusMethod(),
                      GetClusterStatusRequest.getDefaultInstance()));
    } catch (CliException e) {
      findings.add(Finding.fail("members", e.text(), e.hint()));
      return;
    }
    int tried = 0;
    for (Member member : status.getNodesList()) {
      if (member.getState() == Member.State.LEFT || tried++ == MEMBERS_TRIED_MAX) continue;
      member(member);
    }
  }

  private void member(Member member) {
    String state = member.getState().name().toLowerCase(Locale.ROOT);
    String what = member.getName() + " " + member.getAddress() + " is " + state;
    boolean alive = member.getState() == Member.State.ALIVE;
    if (!alive) {
      String hint =
          member.getState() == Member.State.DEAD
              ? "start it, or kdelta cluster remove " + member.getName() + " if it is gone for good"
              : "kdelta cluster members tells more";
      findings.add(Finding.warn("member", what, hint));
      return;
    }
    findings.add(
        answers(member.getAddress())
            ? Finding.ok("member", what + " and takes connections from here")
            : Finding.warn(
                "member",
                what + ", and takes no connection from here at the address that it announces",
                "kdelta start --advertise HOST:PORT names one that others can reach"));
  }

  /** Whether somebody takes connections there. */
  static boolean answers(String address) {
    int colon = address.lastIndexOf(':');
    if (colon < 0) return false;
    String host = address.substring(0, colon).replaceAll("^\\[|\\]$", "");
    try (Socket socket = new Socket()) {
      int port = Integer.parseInt(address.substring(colon + 1));
      socket.connect(new InetSocketAddress(host, port), CONNECT_MILLIS);
      return true;
    } catch (IOException | IllegalArgumentException e) {
      return false;
    }
  }
}
