package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.verify.Findings;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Checks the versions of a store from its rows alone, for {@code admin verify --deep}: every
 * version decodes and its id is its hash, its document is the one it names, its parents are
 * versions of its key and older; heads, ids, logs with their chains, the apply log and the requests
 * say the same as the versions. Counts them and computes the Merkle root from nothing.
 *
 * <p>It takes the live rows in key order, once. It keeps an id and a number for each version, and
 * of one key at a time the whole history. One thread. The rows' layouts stand in {@link Keyspace}
 * and {@link StoredRows}; this class reads them with code of its own.
 */
public final class SetVerifier {
  private static final int ELSEWHERE = 2;
  private static final int HAS_REQUEST = 1;

  private final Findings findings;
  private final List<Known> versions = new ArrayList<>();
  private final TreeMap<Digest, Boolean> contents = new TreeMap<>();
  private final TreeMap<Digest, Digest> waiting = new TreeMap<>();
  private final List<Digest> unapplied = new ArrayList<>();
  private final LogsVerifier logs;
  private KeyHistory history;
  private int nextId;
  private boolean sorted;
  private String node = "";
  private long applied = -1;
  private long generation;
  private long applyRows;
  private long lastApplied;
  private long keys;
  private long keysLive;
  private long conflicts;
  private long parked;
  private long lost;
  private long requests;
  private long requestAges;

  /** A visible version: its id and a number made of its key and time. */
  private record Known(Digest id, long place) implements Comparable<Known> {
    @Override
    public int compareTo(Known other) {
      return id.compareTo(other.id);
    }
  }

  /**
   * What there is.
   *
   * @param node id of the node, in hexadecimal digits
   * @param root Merkle root of the set of visible versions
   */
  public record Summary(
      String node,
      long versions,
      long keys,
      long keysLive,
      long conflicts,
      long parked,
      long lost,
      long logs,
      Digest root) {}

  /**
   * @param findings takes what is wrong
   */
  public SetVerifier(Findings findings) {
    this.findings = findings;
    this.logs = new LogsVerifier(findings);
    this.history = new KeyHistory(Bytes.EMPTY);
  }

  /** Takes one row; they come in key order. */
  public void row(Bytes point, Bytes suffix, Bytes value) {
    try {
      int keyspace = point.unsignedAt(0);
      if (keyspace > 1) endVersions();
      switch (keyspace) {
        case 1 -> version(point, suffix, value);
        case 2 -> byId(point, value);
        case 3 -> content(point, value);
        case 4 -> position(point, value);
        case 5 -> parked(point, suffix, value);
        case 6 -> request(value);
        case 7 -> apply(point, value);
        case 9 -> system(point.slice(1).utf8(), value);
        case 10 -> requestAges++;
        case 11 -> lost++;
        default -> {
          // Derived from the versions: whoever derives it can do so again.
        }
      }
    } catch (KdeltaException.Invalid | IllegalArgumentException | IndexOutOfBoundsException e) {
      wrong("a row of keyspace " + point.unsignedAt(0) + " does not decode: " + e.getMessage());
    }
  }

  /** After the last row. */
  public Summary finish() {
    endVersions();
    while (nextId < versions.size()) missingId(versions.get(nextId++));
    contents.forEach((id, here) -> {
      if (!here) wrong("document " + id.hex() + " is named and missing");
    });
    for (Digest id : waiting.keySet()) {
      wrong("version " + id.hex() + " is said to be parked, and is not there");
    }
    logs.finish();
    if (node.isEmpty()) wrong("the row with the node's id is missing");
    if (applied >= 0 && lastApplied > applied) {
      wrong("the apply log goes to " + lastApplied + ", the state says " + applied);
    }
    if (applied >= 0 && generation == 0 && applyRows != versions.size()) {
      wrong(applyRows + " rows in the apply log, " + versions.size() + " versions");
    }
    if (requests != requestAges) wrong(requests + " requests, " + requestAges + " ages of them");
    if (lost > 0) findings.note("", 0, lost + " versions are known to be lost here");
    List<Digest> ids = new ArrayList<>(versions.size());
    for (Known known : versions) ids.add(known.id());
    return new Summary(
        node,
        versions.size(),
        keys,
        keysLive,
        conflicts,
        parked,
        lost,
        logs.count(),
        SetRoot.of(ids));
  }

  /** What a row of a version or a parked one holds. */
  record Held(Version version, List<Dot> dots) {}

  private void version(Bytes point, Bytes suffix, Bytes value) {
    if (!point.equals(history.group)) {
      endKey();
      history = new KeyHistory(point);
    }
    if (suffix.size() == 1 && suffix.at(0) == 0) {
      history.heads = value;
      return;
    }
    Held held = held(value);
    Version version = held.version();
    ByteReader in = new ByteReader(suffix, "the row key of a version");
    int kind = in.readByte();
    long time = ~in.readBigEndianLong();
    Bytes inverted = in.read(Digest.SIZE);
    in.end();
    boolean own = kind == 1 && time == version.time().packed();
    for (int i = 0; i < Digest.SIZE; i++) {
      own &= (~inverted.at(i) & 0xFF) == (version.id().toBytes()[i] & 0xFF);
    }
    if (!own || !Keyspace.group(version.key()).equals(point)) {
      wrong("version " + version.id().hex() + " lies under the key of another");
    }
    history.versions.put(version.id(), version);
    versions.add(new Known(version.id(), place(point, version.time().packed())));
    for (Dot dot : held.dots()) logs.claimed(dot, version.id());
  }

  /** Decodes; the version's id is computed, so it is its hash. */
  private Held held(Bytes value) {
    ByteReader in = new ByteReader(value, "a version");
    if (in.readByte() != 1) throw in.invalid("format is unknown");
    int flags = in.readByte();
    if ((flags & ~(ELSEWHERE | HAS_REQUEST)) != 0) throw in.invalid("flags are unknown");
    Version version = Version.decode(in.readSized(Version.BYTES_MAX));
    List<Dot> dots = new ArrayList<>();
    for (int left = in.readShort(); left > 0; left--) {
      Dot dot = Dot.read(in);
      if (!dots.isEmpty() && dots.getLast().compareTo(dot) >= 0) throw in.invalid("dots");
      dots.add(dot);
    }
    if ((flags & HAS_REQUEST) != 0) {
      var _ = Request.read(in);
    }
    int size = in.readInt();
    if ((flags & ELSEWHERE) == 0) {
      Bytes document = in.read(size);
      boolean right = version.deleted() ? size == 0 : names(version, document);
      if (!right) wrong("the document of " + version.id().hex() + " is not the one it names");
    } else {
      contents.putIfAbsent(version.content(), false);
    }
    var _ = Fields.readShort(in);
    in.end();
    return new Held(version, dots);
  }

  private static boolean names(Version version, Bytes document) {
    return version.contentType().idOf(document).equals(version.content());
  }

  private void endKey() {
    if (history.group.isEmpty()) return;
    history.check(findings);
    if (history.versions.isEmpty()) return;
    keys++;
    if (history.live()) keysLive++;
    if (history.headCount() > 1) conflicts++;
  }

  private void endVersions() {
    if (sorted) return;
    sorted = true;
    endKey();
    history = new KeyHistory(Bytes.EMPTY);
    versions.sort(null);
  }

  private void byId(Bytes point, Bytes value) {
    Digest id = Digest.fromBytes(point.slice(1).toArray());
    ByteReader in = new ByteReader(value, "where the version of an id lies");
    int state = in.readByte();
    if (state == 1) {
      waiting.put(id, Fields.readDigest(in));
      in.end();
      return;
    }
    if (state != 0) throw in.invalid("state " + state);
    Bytes namespace = Fields.readShortest(in);
    Bytes key = Fields.readShort(in);
    long time = in.readLong();
    in.end();
    while (nextId < versions.size() && versions.get(nextId).id().compareTo(id) < 0) {
      missingId(versions.get(nextId++));
    }
    if (nextId == versions.size() || !versions.get(nextId).id().equals(id)) {
      wrong("id " + id.hex() + " leads to a version that is not there");
      return;
    }
    if (versions.get(nextId++).place() != place(group(namespace, key), time)) {
      wrong("id " + id.hex() + " leads to another place than that of its version");
    }
  }

  private void missingId(Known known) {
    wrong("version " + known.id().hex() + " can not be found by its id");
  }

  private void content(Bytes point, Bytes value) {
    Digest id = Digest.fromBytes(point.slice(1).toArray());
    boolean right = false;
    for (ContentType type : ContentType.values()) {
      right |= type != ContentType.NONE && type.idOf(value).equals(id);
    }
    if (!right) wrong("document " + id.hex() + " is not what its id says");
    contents.put(id, true);
  }

  private void position(Bytes point, Bytes value) {
    ByteReader key = new ByteReader(point.slice(1), "a position");
    Incarnation incarnation = Incarnation.read(key);
    long seq = key.readBigEndianLong();
    key.end();
    ByteReader in = new ByteReader(value, "a position");
    int flags = in.readByte();
    Digest id = Fields.readDigest(in);
    @Nullable Digest chain = (flags & 1) == 0 ? null : Fields.readDigest(in);
    in.end();
    if (!visible(id) && !waiting.containsKey(id)) {
      wrong("position " + seq + " of log " + incarnation + " names " + id.hex() + ", not here");
    }
    logs.row(new Dot(incarnation, seq), id, chain);
  }

  private void parked(Bytes point, Bytes suffix, Bytes value) {
    parked++;
    Digest parent = Digest.fromBytes(point.slice(1).toArray());
    Digest id = Digest.fromBytes(suffix.toArray());
    Held held = held(value);
    if (!held.version().id().equals(id)) wrong("a parked version lies under another id");
    if (!held.version().parents().contains(parent)) {
      wrong("version " + id.hex() + " waits for " + parent.hex() + ", which is no parent of it");
    }
    Digest said = waiting.remove(id);
    if (said == null || !said.equals(parent)) {
      wrong("parked version " + id.hex() + " can not be found by its id");
    }
    for (Dot dot : held.dots()) logs.claimed(dot, id);
  }

  private void request(Bytes value) {
    requests++;
    ByteReader in = new ByteReader(value, "a request");
    in.readInt();
    var _ = Fields.readDigest(in);
    Digest id = Fields.readDigest(in);
    in.readLong();
    in.end();
    if (!visible(id) && lost == 0 && generation == 0) {
      findings.note("", 0, "a request names version " + id.hex() + ", which is not visible here");
    }
  }

  private void apply(Bytes point, Bytes value) {
    applyRows++;
    lastApplied = point.bigEndianLongAt(1);
    Digest id = Digest.fromBytes(value.toArray());
    if (!visible(id)) unapplied.add(id);
  }

  private void system(String name, Bytes value) {
    if (name.equals("causal/node")) {
      node = NodeId.read(new ByteReader(value, "the node's id")).hex();
    } else if (name.equals("causal/state")) {
      applied = value.longAt(8);
      generation = value.longAt(16);
      // After a repair the apply log may name what was taken back.
      if (generation == 0) {
        for (Digest id : unapplied) wrong("the apply log names " + id.hex() + ", not visible");
      }
    } else if (name.startsWith("causal/disputed/")) {
      logs.disputed(Incarnation.fromHex(name.substring(name.lastIndexOf('/') + 1)));
    } else if (name.equals("causal/repair")) {
      findings.note("", 0, "a repair was cut: the next start goes on with it");
    }
  }

  private boolean visible(Digest id) {
    int low = 0;
    int high = versions.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = versions.get(middle).id().compareTo(id);
      if (order == 0) return true;
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return false;
  }

  private void wrong(String what) {
    findings.damage("", 0, what);
  }

  /** The point part of a version's rows, by the table of {@link Keyspace}. */
  private static Bytes group(Bytes namespace, Bytes key) {
    return Bytes.concat(Bytes.of(1, namespace.size()), namespace, key);
  }

  private static long place(Bytes group, long time) {
    CRC32C crc = new CRC32C();
    crc.update(group.buffer());
    return (crc.getValue() << 32) ^ (time * 0x9E3779B97F4A7C15L);
  }
}
