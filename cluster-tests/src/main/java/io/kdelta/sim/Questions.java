package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.document.Moment;
import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Questions of every kind that a client can ask (oracles O4 and O6), drawn over what a {@link
 * Model} holds, with the answer that follows from it: a naive interpreter of the whole grammar of
 * reads. Both sides are brought to one plain form, lists of texts, and compared.
 */
final class Questions {
  /** Keys and ids that are asked for although nobody wrote them: one in so many. */
  private static final int STRANGE_ONE_IN = 12;

  private static final int KINDS = 14;
  private static final int LIMIT_MAX = 6;

  private final Model model;
  private final Entropy chance;

  Questions(Model model, Entropy chance) {
    this.model = model;
    this.chance = chance;
  }

  /**
   * A question and its answer.
   *
   * @param oracle which one fails when the node says something else
   * @param command what to ask; of a list the first page
   * @param expected what the model says
   */
  record Question(String oracle, Command command, List<String> expected) {}

  /** Draws one. */
  Question next() {
    List<String> keys = model.graph().keys();
    String path =
        keys.isEmpty() || chance.nextInt(STRANGE_ONE_IN) == 0
            ? "t/never"
            : keys.get(chance.nextInt(keys.size()));
    Key key = key(path);
    Digest any = anyId();
    return switch (chance.nextInt(KINDS)) {
      case 0, 1 -> {
        Moment at = moment(path);
        yield new Question("O4", new Command.Get(key, at), value(path, at));
      }
      case 2 -> {
        Moment at = chance.nextInt(2) == 0 ? new Moment.Latest() : time(path);
        yield new Question("O4", new Command.Heads(key, at), heads(path, at));
      }
      case 3 -> {
        String found = String.valueOf(model.live(path).contains(path));
        yield new Question("O4", new Command.Exists(key), List.of(found));
      }
      case 4 -> history(path, key);
      case 5 -> diff(path, key);
      case 6 -> list();
      case 7 -> {
        List<String> found = new ArrayList<>();
        for (String conflict : model.graph().conflicts()) {
          found.add(conflict + " " + model.heads(conflict));
        }
        yield new Question("O4", new Command.Conflicts("", "", limit()), found);
      }
      case 8 -> new Question("O6", new Command.Stats(""), List.of(stats("")));
      case 9 -> {
        List<String> expected = new ArrayList<>();
        for (String namespace : namespaces()) expected.add(namespace + " " + stats(namespace));
        yield new Question("O6", new Command.ListNamespaces(), expected);
      }
      case 10 -> {
        String namespace = key.namespace();
        List<String> winners = new ArrayList<>();
        for (String live : model.live(namespace + "/")) {
          winners.add(model.heads(live).getFirst().hex());
        }
        Command export = new Command.Export(namespace, false, "", limit(), 1 << 14);
        yield new Question("O6", export, winners);
      }
      case 11 -> {
        int limit = limit();
        List<String> found = any == null ? notFound() : first(model.ancestors(any), limit);
        yield new Question("O6", new Command.Ancestors(hex(any), limit), found);
      }
      case 12 -> {
        if (any == null) {
          yield new Question("O6", new Command.Show(hex(null)), notFound());
        }
        boolean head = model.heads(Model.path(model.held(any))).contains(any);
        yield new Question(
            "O6", new Command.Show(any.hex()), List.of(any.hex(), String.valueOf(head)));
      }
      default -> relatives(path, any);
    };
  }

  /** The node's answer in the plain form: asks page after page. Throws what is no answer. */
  static List<String> answer(Command command, Function<Command, Reply> ask) {
    List<String> all = new ArrayList<>();
    Command page = command;
    while (page != null) {
      Reply reply;
      try {
        reply = ask.apply(page);
      } catch (KdeltaException.NotFound none) {
        return notFound();
      } catch (KdeltaException.NoValueAt none) {
        return List.of("no value at");
      }
      all.addAll(PlainReply.of(reply));
      page = PlainReply.following(page, reply);
    }
    return all;
  }

  private Question history(String path, Key key) {
    long since = chance.nextInt(3) == 0 ? micros(path) : 0;
    List<String> found = new ArrayList<>();
    for (Envelope version : model.history(path)) {
      if (version.version().time().micros() >= since) found.add(version.version().id().hex());
    }
    Command command = new Command.History(key, since, "", limit());
    return new Question("O4", command, model.knows(path) ? found : notFound());
  }

  private Question diff(String path, Key key) {
    if (!model.knows(path)) {
      Command none = new Command.Diff(key, null, new Moment.Latest());
      return new Question("O6", none, notFound());
    }
    List<Envelope> history = model.history(path);
    Envelope target = history.get(chance.nextInt(history.size()));
    Envelope source = chance.nextInt(2) == 0 ? null : history.get(chance.nextInt(history.size()));
    Moment older = source == null ? null : new Moment.Id(source.version().id().hex());
    Command command = new Command.Diff(key, older, new Moment.Id(target.version().id().hex()));
    if (source == null && !target.version().parents().isEmpty()) {
      source = model.held(target.version().parents().getFirst());
    }
    String from = source == null ? "nothing" : source.version().id().hex();
    String result = target.version().deleted() ? "nothing" : target.document().utf8();
    return new Question("O6", command, List.of(from, target.version().id().hex(), result));
  }

  private Question list() {
    List<String> namespaces = namespaces();
    String namespace =
        namespaces.isEmpty() ? "t" : namespaces.get(chance.nextInt(namespaces.size()));
    String prefix = chance.nextInt(2) == 0 ? "" : "k" + (chance.nextInt(2) == 0 ? "" : "1");
    Command command = new Command.ListKeys(namespace, prefix, "", limit());
    return new Question("O6", command, model.live(namespace + "/" + prefix));
  }

  private Question relatives(String path, @Nullable Digest any) {
    List<Envelope> history = model.history(path);
    if (history.isEmpty() || any == null) {
      return new Question("O6", new Command.Descendants(hex(null), 1), notFound());
    }
    Digest one = history.get(chance.nextInt(history.size())).version().id();
    if (chance.nextInt(2) == 0) {
      int limit = limit();
      List<String> found = first(model.descendants(one), limit);
      return new Question("O6", new Command.Descendants(one.hex(), limit), found);
    }
    Digest other = history.get(chance.nextInt(history.size())).version().id();
    List<String> common = texts(model.nearestCommon(List.of(one, other)));
    return new Question("O6", new Command.CommonAncestor(one.hex(), other.hex()), common);
  }

  private List<String> value(String path, Moment at) {
    if (!model.knows(path)) return notFound();
    List<Digest> heads = model.heads(path);
    Digest found =
        switch (at) {
          case Moment.Latest() -> heads.getFirst();
          case Moment.Id(String prefix) ->
              Digest.fromBytes(java.util.HexFormat.of().parseHex(prefix));
          case Moment.Back(int steps) -> model.back(heads.getFirst(), steps);
          case Moment.Stable() -> throw new AssertionError("none of these questions");
          case Moment.Time(long micros) -> {
            List<Digest> then = model.headsAt(path, micros);
            yield then.isEmpty() ? null : then.getFirst();
          }
        };
    boolean now = at instanceof Moment.Latest;
    if (found == null || model.deleted(found)) return now ? notFound() : List.of("no value at");
    return List.of(
        found.hex(),
        String.valueOf(now ? heads.size() : 0),
        PlainReply.state(heads).hex(),
        model.held(found).document().utf8());
  }

  private List<String> heads(String path, Moment at) {
    if (!model.knows(path)) return notFound();
    List<Digest> heads =
        at instanceof Moment.Time(long micros) ? model.headsAt(path, micros) : model.heads(path);
    if (heads.isEmpty()) return List.of("no value at");
    List<String> all = new ArrayList<>(texts(heads));
    all.add(PlainReply.state(heads).hex());
    if (heads.size() > 1) all.addAll(texts(model.nearestCommon(heads)));
    return all;
  }

  private String stats(String namespace) {
    long live = 0;
    long ever = 0;
    long versions = 0;
    long merges = 0;
    long conflicts = 0;
    long bytes = 0;
    for (String path : model.graph().keys()) {
      if (!namespace.isEmpty() && !path.startsWith(namespace + "/")) continue;
      ever++;
      if (!model.deleted(model.heads(path).getFirst())) live++;
      if (model.heads(path).size() > 1) conflicts++;
    }
    for (Digest id : model.ids()) {
      Envelope held = model.held(id);
      if (!namespace.isEmpty() && !held.version().key().namespace().equals(namespace)) continue;
      versions++;
      if (held.version().parents().size() > 1) merges++;
      bytes += held.document().size();
    }
    return PlainReply.stats(
        new Reply.Stats(namespace, live, ever, versions, merges, conflicts, ever - live, bytes));
  }

  private List<String> namespaces() {
    TreeMap<String, Boolean> all = new TreeMap<>();
    for (String path : model.graph().keys()) all.put(path.substring(0, path.indexOf('/')), true);
    return List.copyOf(all.keySet());
  }

  private Moment moment(String path) {
    List<Envelope> history = model.history(path);
    return switch (chance.nextInt(4)) {
      case 0 -> time(path);
      case 1 -> new Moment.Back(chance.nextInt(4));
      case 2 ->
          history.isEmpty()
              ? new Moment.Latest()
              : new Moment.Id(history.get(chance.nextInt(history.size())).version().id().hex());
      default -> new Moment.Latest();
    };
  }

  private Moment time(String path) {
    return new Moment.Time(micros(path));
  }

  /** A moment at, before or behind one of the versions of a key. */
  private long micros(String path) {
    List<Envelope> history = model.history(path);
    if (history.isEmpty()) return 1;
    Envelope one = history.get(chance.nextInt(history.size()));
    return one.version().time().micros() + chance.nextInt(3) - 1;
  }

  private @Nullable Digest anyId() {
    List<Digest> ids = model.ids();
    return ids.isEmpty() || chance.nextInt(STRANGE_ONE_IN) == 0
        ? null
        : ids.get(chance.nextInt(ids.size()));
  }

  private int limit() {
    return 1 + chance.nextInt(LIMIT_MAX) * chance.nextInt(LIMIT_MAX);
  }

  private static String hex(@Nullable Digest id) {
    return Objects.requireNonNullElse(id, Digest.ZERO).hex();
  }

  private static Key key(String path) {
    int slash = path.indexOf('/');
    return new Key(path.substring(0, slash), path.substring(slash + 1));
  }

  private static List<String> first(List<Digest> ids, int limit) {
    return texts(ids.subList(0, Math.min(limit, ids.size())));
  }

  private static List<String> texts(List<Digest> ids) {
    return ids.stream().map(Digest::hex).toList();
  }

  private static List<String> notFound() {
    return List.of("not found");
  }
}
