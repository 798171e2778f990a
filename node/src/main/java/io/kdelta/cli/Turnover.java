package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.DrainRequest;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.LeaveRequest;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.RemoveMemberRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code kdelta cluster leave|drain|remove}: who goes, for good or for a while. */
final class Turnover {
  private Turnover() {}

  /** Adds these commands to {@code cluster}. */
  static void add(CommandLine cluster, Invocation invocation) {
    cluster.addSubcommand(new Leave(invocation));
    cluster.addSubcommand(new Drain(invocation));
    cluster.addSubcommand(new Remove(invocation));
  }

  /** {@code cluster leave}: for good. */
  @Command(name = "leave", description = "Take the node out of the cluster for good.")
  static final class Leave implements Callable<Integer> {
    private static final Duration LEAVE_AT_MOST = Duration.ofSeconds(60);

    private final Invocation invocation;

    Leave(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      try (Client client = invocation.client()) {
        var response =
            client.here(
                LEAVE_AT_MOST, ClusterGrpc.getLeaveMethod(), LeaveRequest.getDefaultInstance());
        ObjectNode json = Json.object();
        json.put("address", client.address());
        json.put("told", response.getTold());
        invocation
            .output()
            .item(
                json,
                List.of(Column.text("ADDRESS", "address"), Column.count("TOLD", "told")),
                client.address(),
                "left; " + response.getTold() + " members were told");
      }
      return ExitCode.DONE;
    }
  }

  /** {@code cluster drain}: for a while. */
  @Command(
      name = "drain",
      description = {
        "Stop a node in good order: no more writes, everything shipped, then its process ends.",
        "It stays a member: levels count it, and it comes back with its next start. SIGTERM does"
            + " the same to the process that gets it."
      })
  static final class Drain implements Callable<Integer> {
    private static final Duration DRAIN_AT_MOST = Duration.ofSeconds(60);

    private final Invocation invocation;

    @Parameters(
        index = "0",
        arity = "0..1",
        paramLabel = "NODE",
        description =
            "Its name, its address, or the first digits of its id; the node asked, unless given.")
    private String node = "";

    Drain(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      try (Client asked = invocation.client()) {
        if (node.isEmpty()) return drain(asked);
        String address = address(asked);
        if (address.equals(asked.address())) return drain(asked);
        try (Client other = invocation.client(Servers.parse(address, "of " + node))) {
          return drain(other);
        }
      }
    }

    private Integer drain(Client client) {
      var response =
          client.here(
              DRAIN_AT_MOST, ClusterGrpc.getDrainMethod(), DrainRequest.getDefaultInstance());
      ObjectNode json = Json.object();
      json.put("address", client.address());
      json.put("told", response.getTold());
      json.put("shipped", response.getShipped());
      invocation
          .output()
          .item(
              json,
              List.of(
                  Column.text("ADDRESS", "address"),
                  Column.count("TOLD", "told"),
                  Column.text("SHIPPED", "shipped")),
              client.address(),
              (response.getShipped()
                      ? "drained: others hold everything that it holds; "
                      : "drained, but others lack some of what it holds until it is back; ")
                  + response.getTold()
                  + " members were told");
      return ExitCode.DONE;
    }

    /** Where that member listens: it is asked itself. */
    private String address(Client client) {
      var status =
          client.call(
              ClusterGrpc.getGetClusterStatusMethod(),
              GetClusterStatusRequest.getDefaultInstance());
      List<Member> called = new ArrayList<>();
      for (Member member : status.getNodesList()) {
        boolean exact = member.getName().equals(node) || member.getAddress().equals(node);
        if (exact) return member.getAddress();
        if (member.getId().startsWith(node)) called.add(member);
      }
      if (called.size() > 1) {
        throw CliException.usage(node + " is not unique: name it by its id", null);
      }
      if (called.isEmpty()) {
        throw new CliException(
            ExitCode.NOT_FOUND, "NOT_FOUND", "no member " + node, "kdelta cluster members");
      }
      return called.getFirst().getAddress();
    }
  }

  /** {@code cluster remove}: for a member that will not come back. */
  @Command(
      name = "remove",
      description = {
        "Take a member that will not come back out of the cluster for good.",
        "Levels count it no more, and no node lets it in again: it would need a new data directory."
            + " A node that is alive is refused: it leaves by itself (kdelta cluster leave)."
      })
  static final class Remove implements Callable<Integer> {
    private final Invocation invocation;

    @Parameters(
        index = "0",
        paramLabel = "NODE",
        description = "Its name, an address of it, or the first digits of its id.")
    private String node = "";

    Remove(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      RemoveMemberRequest request = RemoveMemberRequest.newBuilder().setNode(node).build();
      try (Client client = invocation.client()) {
        var response = client.call(ClusterGrpc.getRemoveMemberMethod(), request);
        ObjectNode json = Json.object();
        json.put("node", node);
        json.put("id", response.getNodeId());
        json.put("told", response.getTold());
        invocation
            .output()
            .item(
                json,
                List.of(
                    Column.text("NODE", "node"),
                    new Column("ID", "id", Column.Kind.ID),
                    Column.count("TOLD", "told")),
                node,
                node + " has left; " + response.getTold() + " members were told");
      }
      return ExitCode.DONE;
    }
  }
}
