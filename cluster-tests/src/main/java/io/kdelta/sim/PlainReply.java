package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Head;
import io.kdelta.causal.Key;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.document.CanonicalJson;
import io.kdelta.document.Json;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Answers of a node in the plain form in which {@link Questions} compares them. Pure functions. */
final class PlainReply {
  private PlainReply() {}

  /** One text for each thing that the answer says. */
  static List<String> of(Reply reply) {
    return switch (reply) {
      case Reply.Value value ->
          List.of(
              value.version().version().id().hex(),
              String.valueOf(value.heads()),
              value.stateId().hex(),
              value.version().document().utf8());
      case Reply.HeadList heads -> {
        List<String> all = new ArrayList<>(ids(heads.heads()));
        all.add(heads.stateId().hex());
        all.addAll(ids(heads.commonAncestors()));
        yield all;
      }
      case Reply.Existence existence -> List.of(String.valueOf(existence.exists()));
      case Reply.KeyList keys -> keys.keys().stream().map(PlainReply::path).toList();
      case Reply.NamespaceList list ->
          list.namespaces().stream().map(one -> one.namespace() + " " + stats(one)).toList();
      case Reply.VersionList list -> ids(list.versions());
      case Reply.Shown shown ->
          List.of(shown.version().version().id().hex(), String.valueOf(shown.head()));
      case Reply.Difference difference -> difference(difference);
      case Reply.ConflictList list -> {
        List<String> all = new ArrayList<>();
        for (Reply.ConflictList.Conflict conflict : list.conflicts()) {
          List<Digest> heads = conflict.heads().stream().map(Head::id).toList();
          all.add(path(conflict.key()) + " " + heads);
        }
        yield all;
      }
      case Reply.Stats stats -> List.of(stats(stats));
      default -> List.of("an answer of another kind: " + reply);
    };
  }

  /** The question that asks for the page after {@code reply}; null after the last one. */
  static @Nullable Command following(Command asked, Reply reply) {
    String next =
        switch (reply) {
          case Reply.KeyList list -> list.next();
          case Reply.VersionList list -> list.next();
          case Reply.ConflictList list -> list.next();
          default -> "";
        };
    if (next.isEmpty()) return null;
    return switch (asked) {
      case Command.ListKeys list ->
          new Command.ListKeys(list.namespace(), list.prefix(), next, list.limit(), list.stable());
      case Command.History list ->
          new Command.History(list.key(), list.sinceMicros(), next, list.limit());
      case Command.Conflicts list -> new Command.Conflicts(list.namespace(), next, list.limit());
      case Command.Export list ->
          new Command.Export(list.namespace(), list.history(), next, list.limit(), list.sizeMax());
      default -> null;
    };
  }

  static String stats(Reply.Stats stats) {
    return List.of(
            stats.keys(),
            stats.keysEver(),
            stats.versions(),
            stats.merges(),
            stats.conflicts(),
            stats.deleted(),
            stats.bytes())
        .toString();
  }

  /** The synthesis of heads in the order of their ids, written again from data-model.md 2. */
  static Digest state(List<Digest> heads) {
    List<Digest> sorted = heads.stream().sorted().toList();
    Digest whole = sorted.getFirst();
    for (Digest next : sorted.subList(1, sorted.size())) {
      int order = whole.compareTo(next);
      Bytes first = Bytes.wrap((order < 0 ? whole : next).toBytes());
      Bytes second = Bytes.wrap((order < 0 ? next : whole).toBytes());
      if (order != 0) whole = Audit.named("synthesis", Bytes.concat(first, second));
    }
    return whole;
  }

  /** Both sides, and the old document after all changes were applied to it (RFC 6902). */
  private static List<String> difference(Reply.Difference difference) {
    Envelope source = difference.source();
    Envelope target = difference.target();
    Json document = source == null || source.version().deleted() ? null : read(source.document());
    for (Reply.Difference.Change change : difference.changes()) {
      Bytes now = change.now();
      document = put(document, change.path(), now == null ? null : read(now));
    }
    return List.of(
        source == null ? "nothing" : source.version().id().hex(),
        target == null ? "nothing" : target.version().id().hex(),
        document == null ? "nothing" : CanonicalJson.write(document).utf8());
  }

  private static Json read(Bytes document) {
    return CanonicalJson.WIDEST.read(document);
  }

  /** {@code whole} with another value at a place, or with null none. */
  private static @Nullable Json put(@Nullable Json whole, String pointer, @Nullable Json value) {
    if (pointer.isEmpty()) return value;
    int end = pointer.indexOf('/', 1);
    String step = pointer.substring(1, end < 0 ? pointer.length() : end);
    String rest = end < 0 ? "" : pointer.substring(end);
    if (whole instanceof Json.Members(NavigableMap<String, Json> old)) {
      TreeMap<String, Json> members = new TreeMap<>(old);
      String name = step.replace("~1", "/").replace("~0", "~");
      Json changed = put(members.get(name), rest, value);
      if (changed == null) members.remove(name);
      else members.put(name, changed);
      return new Json.Members(members);
    }
    if (whole instanceof Json.Items(List<Json> old)) {
      List<Json> items = new ArrayList<>(old);
      int index = Integer.parseInt(step);
      if (index == items.size() && value != null) items.add(value);
      else if (value == null && rest.isEmpty()) items.remove(index);
      else items.set(index, put(items.get(index), rest, value));
      return new Json.Items(items);
    }
    throw new OracleFailure("O6", "a change at " + pointer + ", where nothing can be changed");
  }

  private static List<String> ids(List<Envelope> versions) {
    return versions.stream().map(one -> one.version().id().hex()).toList();
  }

  private static String path(Key key) {
    return key.namespace() + "/" + key.key();
  }
}
