package io.kdelta.sim;

import java.util.List;

/**
 * How expectations are read and written. With {@code within TIME} an expectation may come true
 * until then.
 *
 * <pre>
 * expect heads NODE KEY N            so many heads
 * expect value NODE KEY 'JSON'       what a read shows
 * expect absent NODE KEY             a read finds nothing
 * expect conflicts NODE N            keys with two or more heads
 * expect versions NODE N             at least so many
 * expect acknowledged N              at least so many writes, of all clients
 * expect queued NODE under SIZE      log frames on their way to one peer, at any time
 * expect roots equal|differ [NODES]  all that stand unless named; converged = roots equal
 * expect node NODE up|down|read-only|writable
 * expect recovery NODE clean|'TEXT'  nothing was set aside | a note of the recovery contains it
 * expect said NODE 'TEXT'            the node told its operator
 * </pre>
 */
final class ExpectationWords {
  private ExpectationWords() {}

  /** Reads what follows {@code expect}. */
  static Action.Expect read(Line line) {
    Expectation what = what(line);
    return new Action.Expect(what, line.takes("within") ? line.time() : 0);
  }

  private static Expectation what(Line line) {
    String verb = line.word("heads, value, absent, conflicts, versions, roots, node, ...");
    return switch (verb) {
      case "heads" -> new Expectation.Heads(line.node(), line.path(), line.count());
      case "value" -> new Expectation.Value(line.node(), line.path(), line.word("a JSON document"));
      case "absent" -> new Expectation.Absent(line.node(), line.path());
      case "conflicts" -> new Expectation.Conflicts(line.node(), line.count());
      case "versions" -> new Expectation.Versions(line.node(), line.count());
      case "acknowledged" -> new Expectation.Acknowledged(line.count());
      case "queued" -> {
        int node = line.node();
        line.must("under");
        yield new Expectation.Queued(node, line.size());
      }
      case "converged" -> new Expectation.Roots(List.of(), true);
      case "roots" -> {
        boolean equal = line.takes("equal");
        if (!equal) line.must("differ");
        boolean some = !line.atEnd() && line.next().startsWith("node-");
        yield new Expectation.Roots(some ? line.someNodes() : List.of(), equal);
      }
      case "node" -> {
        int node = line.node();
        if (line.takes("up")) yield new Expectation.Up(node, true);
        if (line.takes("down")) yield new Expectation.Up(node, false);
        if (line.takes("read-only")) yield new Expectation.ReadOnly(node, true);
        if (line.takes("writable")) yield new Expectation.ReadOnly(node, false);
        throw line.expected("up, down, read-only or writable");
      }
      case "recovery" -> {
        int node = line.node();
        yield new Expectation.Recovery(node, line.takes("clean") ? "" : line.word("a text"));
      }
      case "said" -> new Expectation.Said(line.node(), line.word("a text"));
      default -> throw line.notThat("heads, value, absent, conflicts, versions, roots, node, ...");
    };
  }

  static String write(Action.Expect expect) {
    String within = expect.withinNanos() == 0 ? "" : " within " + Line.time(expect.withinNanos());
    return "expect " + text(expect.what()) + within;
  }

  private static String text(Expectation what) {
    return switch (what) {
      case Expectation.Heads e -> "heads " + at(e.node(), e.path()) + " " + e.count();
      case Expectation.Value e ->
          "value " + at(e.node(), e.path()) + " " + Line.quoted(e.document());
      case Expectation.Absent e -> "absent " + at(e.node(), e.path());
      case Expectation.Conflicts e -> "conflicts " + World.name(e.node()) + " " + e.count();
      case Expectation.Versions e -> "versions " + World.name(e.node()) + " " + e.count();
      case Expectation.Acknowledged e -> "acknowledged " + e.count();
      case Expectation.Roots e ->
          "roots "
              + (e.equal() ? "equal" : "differ")
              + (e.nodes().isEmpty() ? "" : " " + names(e.nodes()));
      case Expectation.Queued e ->
          "queued " + World.name(e.node()) + " under " + Line.size(e.bytes());
      case Expectation.Up e -> "node " + World.name(e.node()) + (e.up() ? " up" : " down");
      case Expectation.ReadOnly e ->
          "node " + World.name(e.node()) + (e.readOnly() ? " read-only" : " writable");
      case Expectation.Recovery e ->
          "recovery "
              + World.name(e.node())
              + " "
              + (e.text().isEmpty() ? "clean" : Line.quoted(e.text()));
      case Expectation.Said e -> "said " + World.name(e.node()) + " " + Line.quoted(e.text());
    };
  }

  private static String at(int node, String path) {
    return World.name(node) + " " + Line.plain(path);
  }

  private static String names(List<Integer> nodes) {
    return String.join(",", nodes.stream().map(World::name).toList());
  }
}
