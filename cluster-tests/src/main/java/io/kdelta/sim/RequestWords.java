package io.kdelta.sim;

import java.util.ArrayList;
import java.util.List;

/**
 * How requests of clients are read and written. A document or a note that is not plain stands in
 * quotes.
 *
 * <pre>
 * put NODE KEY 'JSON' [absent]       write; absent: only where there is no value
 * delete NODE KEY
 * batch NODE {put KEY 'JSON' NOTE | delete KEY NOTE}...
 * resolve NODE KEY 'JSON' | merge    one head of several
 * get NODE KEY
 * heads NODE KEY
 * watch NODE SCOPE start|snapshot|now   one question of a watch: goes on where its client was;
 *                                    SCOPE is everything, a namespace, or namespace/prefix
 *     limit=N
 * compact NODE                       merge everything into one run
 * leave NODE                         the node leaves its cluster for good
 * remove NODE gone NODE              the second is dead and declared to have left, at the first
 *   options of all: client=N attempt=N session=N (with the token of that session of the client);
 *   of writes: ack=local|one|quorum|all id=ID note=NOTE, and if=seen: only where all keys are as
 *   the client has seen them last (without a value, where it has seen none)
 *   -> ok | refused [ERROR] | unknown [ERROR]     waits for the answer, which must be that
 * </pre>
 */
final class RequestWords {
  /** Who asks when a line does not say: nobody of a load. */
  private static final int CLIENT = 1_000;

  private static final String EVERYTHING = "everything";

  private RequestWords() {}

  static boolean knows(String verb) {
    return switch (verb) {
      case "put",
          "delete",
          "batch",
          "resolve",
          "get",
          "stable",
          "heads",
          "watch",
          "compact",
          "leave",
          "remove" ->
          true;
      default -> false;
    };
  }

  /** Reads what follows the verb. */
  static Action read(String verb, Line line) {
    int node = line.node();
    int client = line.has("client") ? (int) line.number("client") : CLIENT;
    int attempt = line.has("attempt") ? (int) line.number("attempt") : 1;
    int session = line.has("session") ? (int) line.number("session") : 0;
    Action.Ask ask = new Action.Ask(client, node, request(verb, line), attempt, session);
    if (!line.takes("->")) return ask;
    Clients.End end;
    if (line.takes("ok")) end = Clients.End.OK;
    else if (line.takes("refused")) end = Clients.End.REFUSED;
    else if (line.takes("unknown")) end = Clients.End.UNKNOWN;
    else throw line.expected("ok, refused or unknown");
    return new Action.AskFor(ask, end, line.atEnd() ? "" : line.word("the name of an error"));
  }

  private static Request request(String verb, Line line) {
    if (verb.equals("compact")) return new Request.Compact();
    if (verb.equals("leave")) return new Request.Leave();
    if (verb.equals("remove")) {
      line.must("gone");
      return new Request.Remove(line.node());
    }
    if (verb.equals("batch")) {
      List<Request.Item> items = new ArrayList<>();
      while (line.takes("put") || line.takes("delete")) {
        boolean puts = line.passed().equals("put");
        String path = line.path();
        String document = puts ? line.word("a JSON document") : null;
        items.add(new Request.Item(path, document, line.word("a note")));
      }
      if (items.isEmpty()) throw line.expected("put or delete");
      return new Request.Batch(items, terms(line));
    }
    if (verb.equals("watch")) {
      String scope = line.word("everything, a namespace, or namespace/prefix");
      return new Request.Watch(
          scope.equals(EVERYTHING) ? "" : scope, from(line), (int) line.number("limit"));
    }
    String path = line.path();
    return switch (verb) {
      case "put" -> {
        String document = line.word("a JSON document");
        yield new Request.Put(path, document, line.takes("absent"), note(line), terms(line));
      }
      case "delete" -> new Request.Delete(path, note(line), terms(line));
      case "resolve" -> {
        String document = line.takes("merge") ? null : line.word("merge or a JSON document");
        yield new Request.Resolve(path, document, note(line), terms(line));
      }
      case "get" -> new Request.Get(path);
      case "stable" -> new Request.Stable(path);
      default -> new Request.Heads(path);
    };
  }

  private static Request.Watch.From from(Line line) {
    for (Request.Watch.From from : Request.Watch.From.values()) {
      if (line.takes(Line.spelled(from))) return from;
    }
    throw line.expected("start, snapshot or now");
  }

  /** Every write is known by its note: a line that gives none gives its number. */
  private static String note(Line line) {
    return line.option("note", "line-" + line.number());
  }

  private static Request.Terms terms(Line line) {
    return new Request.Terms(line.option("id", ""), line.level(), line.seen());
  }

  static String write(Action.AskFor expected) {
    String error = expected.error().isEmpty() ? "" : " " + expected.error();
    return write(expected.ask()) + " -> " + Line.spelled(expected.end()) + error;
  }

  static String write(Action.Ask ask) {
    String node = " " + World.name(ask.node()) + " ";
    String who = ask.client() == CLIENT ? "" : " client=" + ask.client();
    if (ask.attempt() != 1) who += " attempt=" + ask.attempt();
    if (ask.session() != 0) who += " session=" + ask.session();
    return switch (ask.request()) {
      case Request.Put put ->
          "put"
              + node
              + Line.plain(put.path())
              + " "
              + Line.quoted(put.document())
              + (put.ifAbsent() ? " absent" : "")
              + note(put.marker())
              + terms(put.terms())
              + who;
      case Request.Delete delete ->
          "delete"
              + node
              + Line.plain(delete.path())
              + note(delete.marker())
              + terms(delete.terms())
              + who;
      case Request.Batch batch -> {
        StringBuilder out = new StringBuilder("batch" + node.stripTrailing());
        for (Request.Item item : batch.items()) out.append(item(item));
        yield out + terms(batch.terms()) + who;
      }
      case Request.Resolve resolve -> {
        String document = resolve.document();
        yield "resolve"
            + node
            + Line.plain(resolve.path())
            + (document == null ? " merge" : " " + Line.quoted(document))
            + note(resolve.marker())
            + terms(resolve.terms())
            + who;
      }
      case Request.Get get -> "get" + node + Line.plain(get.path()) + who;
      case Request.Stable stable -> "stable" + node + Line.plain(stable.path()) + who;
      case Request.Heads heads -> "heads" + node + Line.plain(heads.path()) + who;
      case Request.Watch watch ->
          "watch"
              + node
              + (watch.scope().isEmpty() ? EVERYTHING : Line.plain(watch.scope()))
              + " "
              + Line.spelled(watch.from())
              + " limit="
              + watch.limit()
              + who;
      case Request.Compact _ -> "compact" + node.stripTrailing() + who;
      case Request.Leave _ -> "leave" + node.stripTrailing() + who;
      case Request.Remove remove -> "remove" + node + "gone " + World.name(remove.gone()) + who;
    };
  }

  private static String item(Request.Item item) {
    String document = item.document();
    String what =
        document == null
            ? " delete " + Line.plain(item.path())
            : " put " + Line.plain(item.path()) + " " + Line.quoted(document);
    return what + " " + Line.plain(item.marker());
  }

  private static String note(String marker) {
    return " note=" + Line.plain(marker);
  }

  private static String terms(Request.Terms terms) {
    String id = terms.id().isEmpty() ? "" : " id=" + Line.plain(terms.id());
    String level = terms.level() == null ? "" : " ack=" + Line.spelled(terms.level());
    return id + level + (terms.ifSeen() ? " if=seen" : "");
  }
}
