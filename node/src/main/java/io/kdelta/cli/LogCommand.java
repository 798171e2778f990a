package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.GetVersionRequest;
import io.kdelta.proto.v1.ListVersionsRequest;
import io.kdelta.proto.v1.ListVersionsResponse;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta log NS/KEY}: every version of a key, newest first, branches included. */
@Command(name = "log", description = "Show the history of a key, newest first.")
final class LogCommand implements Callable<Integer> {
  static final List<Column> COLUMNS =
      List.of(
          new Column("ID", "id", Column.Kind.ID),
          new Column("TIME", "time", Column.Kind.TIME),
          Column.text("NODE", "node"),
          Column.text("KIND", "kind"),
          Column.text("VALUE", "value"),
          Column.text("NOTE", "note"));
  private static final List<Column> CHANGE_COLUMNS =
      List.of(
          new Column("ID", "id", Column.Kind.ID),
          new Column("TIME", "time", Column.Kind.TIME),
          Column.text("NODE", "node"),
          Column.text("CHANGE", "change"));
  private static final int PAGE_VERSIONS = 200;

  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "NS/KEY", description = "Whose history.")
  private String key = "";

  @Option(names = "-n", paramLabel = "COUNT", description = "At most so many versions.")
  private int count = Integer.MAX_VALUE;

  @Option(
      fallbackValue = "true",
      names = "--graph",
      description = "Draw how they descend from each other.")
  private boolean graph;

  @Option(names = "--since", paramLabel = "TIME", description = "Only from this time on.")
  private @Nullable String since;

  LogCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    KeyName name = KeyName.parse(key);
    if (count < 1) throw CliException.usage("-n " + count + ": a count is 1 or more", null);
    try {
      print(name);
    } catch (CliException e) {
      if (!e.reason().equals("NOT_FOUND")) throw e;
      // The server's own advice is this very command.
      String hint = "kdelta ls " + name.namespace() + " lists what there is";
      throw new CliException(e.exitCode(), e.reason(), e.text(), hint, e);
    }
    return ExitCode.DONE;
  }

  private void print(KeyName name) {
    Output output = invocation.output();
    try (Client client = invocation.client()) {
      Iterable<Version> versions = () -> first(count, history(client, name).iterator());
      if (graph) {
        drawGraph(client, versions);
      } else if (output.format() == Format.TABLE) {
        output.list(
            new Listing("versions", CHANGE_COLUMNS, LogCommand::id, changes(client, versions)));
      } else {
        Iterable<ObjectNode> items = () -> mapped(versions.iterator());
        output.list(new Listing("versions", VersionJson.VERSION_COLUMNS, LogCommand::id, items));
      }
    }
  }

  private Pages<Version> history(Client client, KeyName name) {
    ListVersionsRequest.Builder request =
        ListVersionsRequest.newBuilder()
            .setNamespace(name.namespace())
            .setKey(name.key())
            .setPageSize(Math.min(count, PAGE_VERSIONS));
    if (since != null) request.setSince(Times.timestamp(since));
    return new Pages<>(token -> {
      ListVersionsResponse response =
          client.call(VersionsGrpc.getListVersionsMethod(), request.setPageToken(token).build());
      return new Pages.Page<>(response.getVersionsList(), response.getNextPageToken());
    });
  }

  private void drawGraph(Client client, Iterable<Version> versions) {
    Instant now = invocation.console().now().get();
    boolean terminal = invocation.console().outIsTerminal();
    List<Version> list = new ArrayList<>();
    versions.forEach(list::add);
    Changes changes = new Changes(list, id -> version(client, id));
    List<GraphView.Node> nodes = new ArrayList<>();
    for (Version version : list) {
      Instant time = Times.instant(version.getTime());
      String text =
          (terminal ? Column.head(version.getId(), 8) : version.getId())
              + "  "
              + (terminal ? Times.brief(time, now) : Times.full(time))
              + "  "
              + VersionJson.node(version.getNodeName(), version.getNode())
              + "  "
              + changes.of(version);
      nodes.add(new GraphView.Node(version.getId(), version.getParentsList(), Output.safe(text)));
    }
    for (String line : GraphView.draw(nodes)) invocation.console().out().println(line);
  }

  private List<ObjectNode> changes(Client client, Iterable<Version> versions) {
    List<Version> list = new ArrayList<>();
    versions.forEach(list::add);
    Changes changes = new Changes(list, id -> version(client, id));
    return list.stream()
        .map(version -> {
          ObjectNode json = VersionJson.of(version);
          json.put("change", changes.of(version));
          return json;
        })
        .toList();
  }

  private static Version version(Client client, String id) {
    return client.call(
        VersionsGrpc.getGetVersionMethod(), GetVersionRequest.newBuilder().setId(id).build());
  }

  private static String id(ObjectNode item) {
    return item.path("id").textValue();
  }

  private static <T> Iterator<T> first(int count, Iterator<T> all) {
    return new Iterator<>() {
      private int left = count;

      @Override
      public boolean hasNext() {
        return left > 0 && all.hasNext();
      }

      @Override
      public T next() {
        left--;
        return all.next();
      }
    };
  }

  private static Iterator<ObjectNode> mapped(Iterator<Version> versions) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return versions.hasNext();
      }

      @Override
      public ObjectNode next() {
        return VersionJson.of(versions.next());
      }
    };
  }
}
