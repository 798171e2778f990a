package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Version;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The last look at a node: every version it holds, as its own export tells it, named again from the
 * fields and held against the model (O2, O4). Simulated nodes and real processes are audited alike.
 */
public final class Audit {
  /** A node that can be asked. */
  public interface Subject {
    /** What to call it in a report. */
    String name();

    /** Every version that it holds. */
    List<Told> versions();

    /** The root that it claims. */
    Digest root();

    /** The heads of a key, the winner first. */
    List<Digest> heads(String namespace, String key);

    /** What a read of the key shows; null for NOT_FOUND. */
    @Nullable Shown get(String namespace, String key);

    /** Keys with two or more heads, as namespace/key. */
    List<String> conflicts();

    /** Its numbers over everything. */
    Counts counts();
  }

  /**
   * A version as a node tells it.
   *
   * @param raw its place in the graph
   * @param node who accepted it, 32 hexadecimal digits
   * @param document its bytes; empty for a delete
   * @param note why it was written
   */
  public record Told(RawGraph.Raw raw, String node, Bytes document, String note) {
    /** What the product's own form of a version says. */
    public static Told of(Envelope envelope) {
      Version version = envelope.version();
      return new Told(
          new RawGraph.Raw(
              version.key().namespace(),
              version.key().key(),
              version.id(),
              version.parents(),
              version.time().packed(),
              version.deleted()),
          version.node().toString(),
          envelope.document(),
          version.note());
    }
  }

  /**
   * What a read answered.
   *
   * @param id the version shown
   * @param heads how many heads there are
   */
  public record Shown(Digest id, int heads) {}

  /** The numbers of a node that the graph implies. */
  public record Counts(long versions, long keysEver, long keys, long conflicts) {}

  private static final int JSON = 1;

  private final Subject subject;
  private final RawGraph graph = new RawGraph();
  private final TreeMap<String, Integer> notes = new TreeMap<>();

  private Audit(Subject subject) {
    this.subject = subject;
  }

  /**
   * Reads everything that the node holds and checks that it answers what follows from it.
   *
   * @throws OracleFailure naming the first answer that does not
   */
  public static Audit of(Subject subject) {
    return of(subject, path -> false);
  }

  /**
   * The same where something was destroyed that nobody else held.
   *
   * @param maybeLost of which keys a node may say that it can not answer
   */
  static Audit of(Subject subject, Predicate<String> maybeLost) {
    Audit audit = new Audit(subject);
    for (Told told : subject.versions()) audit.take(told);
    audit.graph.check();
    audit.root();
    for (String path : audit.graph.keys()) {
      try {
        audit.key(path);
      } catch (KdeltaException.Corrupt lost) {
        if (!maybeLost.test(path)) throw lost;
      }
    }
    audit.lists();
    return audit;
  }

  /** Who was audited. */
  public String name() {
    return subject.name();
  }

  /** What the node holds. */
  public RawGraph graph() {
    return graph;
  }

  /** The notes of its versions, each with how many versions carry it. */
  public SortedMap<String, Integer> notes() {
    return notes;
  }

  private void take(Told told) {
    Digest name = named("version", canonical(told));
    if (!name.equals(told.raw().id())) {
      throw new OracleFailure("SEC", subject.name() + " has a version that is not its id: " + told);
    }
    graph.add(told.raw());
    if (!told.note().isEmpty()) notes.merge(told.note(), 1, Integer::sum);
  }

  /** The canonical bytes of a version, laid out again from data-model.md section 5. */
  private static Bytes canonical(Told told) {
    RawGraph.Raw raw = told.raw();
    byte[] namespace = raw.namespace().getBytes(StandardCharsets.UTF_8);
    byte[] key = raw.key().getBytes(StandardCharsets.UTF_8);
    byte[] note = told.note().getBytes(StandardCharsets.UTF_8);
    ByteWriter out = new ByteWriter(256);
    out.writeByte(1).writeByte(raw.deleted() ? 2 : 1);
    out.writeByte(namespace.length).write(Bytes.wrap(namespace));
    out.writeShort(key.length).write(Bytes.wrap(key));
    out.writeByte(raw.parents().size());
    for (Digest parent : raw.parents()) out.write(Bytes.wrap(parent.toBytes()));
    out.writeLong(raw.time());
    out.write(Bytes.wrap(java.util.HexFormat.of().parseHex(told.node())));
    out.writeByte(0).writeByte(raw.deleted() ? 0 : JSON);
    Digest content = raw.deleted() ? Digest.ZERO : named("json", told.document());
    out.write(Bytes.wrap(content.toBytes()));
    out.writeShort(note.length).write(Bytes.wrap(note));
    return out.toBytes();
  }

  /** SHA-256 over the length-prefixed tag and the bytes, written again from data-model.md 2. */
  static Digest named(String tag, Bytes bytes) {
    byte[] text = tag.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer whole = ByteBuffer.allocate(1 + text.length + bytes.size());
    whole.put((byte) text.length).put(text).put(bytes.toArray());
    return Digest.sha256(whole.array());
  }

  private void root() {
    Digest claimed = subject.root();
    if (!claimed.equals(graph.root())) {
      throw new OracleFailure(
          "O2",
          subject.name()
              + " says root "
              + claimed
              + ", its "
              + graph.size()
              + " versions have "
              + graph.root());
    }
  }

  private void key(String path) {
    int slash = path.indexOf('/');
    String namespace = path.substring(0, slash);
    String key = path.substring(slash + 1);
    List<RawGraph.Raw> heads = graph.heads(path);
    List<Digest> expected = heads.stream().map(RawGraph.Raw::id).toList();
    List<Digest> answered = subject.heads(namespace, key);
    if (!answered.equals(expected)) {
      throw new OracleFailure(
          "O4",
          subject.name() + " has heads " + answered + " of " + path + ", the graph " + expected);
    }
    RawGraph.Raw winner = heads.getFirst();
    Shown shown = subject.get(namespace, key);
    Shown right = winner.deleted() ? null : new Shown(winner.id(), heads.size());
    if (!java.util.Objects.equals(shown, right)) {
      throw new OracleFailure(
          "O4", subject.name() + " shows " + shown + " of " + path + ", the winner is " + winner);
    }
  }

  private void lists() {
    List<String> conflicts = subject.conflicts().stream().sorted().toList();
    if (!conflicts.equals(graph.conflicts())) {
      throw new OracleFailure(
          "O4",
          subject.name() + " lists conflicts " + conflicts + ", the graph " + graph.conflicts());
    }
    long live =
        graph.keys().stream().filter(path -> !graph.heads(path).getFirst().deleted()).count();
    Counts expected = new Counts(graph.size(), graph.keys().size(), live, graph.conflicts().size());
    if (!subject.counts().equals(expected)) {
      throw new OracleFailure(
          "O4", subject.name() + " counts " + subject.counts() + ", the graph " + expected);
    }
  }
}
