package io.kdelta.sim;

import io.kdelta.reconciliation.Digest;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The model of the causal graph (oracles O2 and O4): a set of raw versions, and what follows from
 * it by definition: heads, winner, root. Written again from the design, from sets and sorting
 * alone, sharing no code with the engine that it judges.
 */
public final class RawGraph {
  /**
   * One version as an exporter tells it.
   *
   * @param namespace first part of the key
   * @param key second part of the key
   * @param id its name
   * @param parents the versions it supersedes
   * @param time packed hybrid logical time, unsigned
   * @param deleted whether it is a delete
   */
  public record Raw(
      String namespace, String key, Digest id, List<Digest> parents, long time, boolean deleted) {
    /** Namespace and key in one, as the CLI writes it. */
    public String path() {
      return namespace + "/" + key;
    }
  }

  /** Live before deleted, then greater time, then greater id. */
  private static final Comparator<Raw> WINNER_FIRST =
      Comparator.comparing(Raw::deleted)
          .thenComparing((a, b) -> Long.compareUnsigned(b.time(), a.time()))
          .thenComparing((a, b) -> b.id().compareTo(a.id()));

  private static final int LEAF_MAX = 128;

  private final TreeMap<Digest, Raw> versions = new TreeMap<>();
  private final TreeMap<String, List<Raw>> byKey = new TreeMap<>();

  /** The heads of the keys that somebody asked for since a version of them was added. */
  private final TreeMap<String, List<Raw>> heads = new TreeMap<>();

  /** Adds a version; one that is there already must be told the same way again. */
  public void add(Raw version) {
    Raw known = versions.putIfAbsent(version.id(), version);
    if (known == null) {
      byKey.computeIfAbsent(version.path(), p -> new ArrayList<>()).add(version);
      heads.remove(version.path());
    } else if (!known.equals(version)) {
      throw new OracleFailure("O2", "two versions under one id: " + known + " and " + version);
    }
  }

  /** Adds everything of {@code other}. */
  public void addAll(RawGraph other) {
    other.versions.values().forEach(this::add);
  }

  public int size() {
    return versions.size();
  }

  public boolean contains(Digest id) {
    return versions.containsKey(id);
  }

  /** The parents of a version; none for one that is not there. */
  public List<Digest> parents(Digest id) {
    Raw version = versions.get(id);
    return version == null ? List.of() : version.parents();
  }

  /** Every version of a key. */
  public List<Raw> versions(String path) {
    return List.copyOf(byKey.getOrDefault(path, List.of()));
  }

  public List<String> keys() {
    return List.copyOf(byKey.keySet());
  }

  /** The versions of {@code path} that no other version of it names as a parent, winner first. */
  public List<Raw> heads(String path) {
    List<Raw> known = heads.get(path);
    if (known == null) {
      known = List.copyOf(headsOf(path));
      heads.put(path, known);
    }
    return known;
  }

  private List<Raw> headsOf(String path) {
    List<Raw> all = byKey.getOrDefault(path, List.of());
    TreeSet<Digest> superseded = new TreeSet<>();
    for (Raw version : all) superseded.addAll(version.parents());
    List<Raw> found = new ArrayList<>();
    for (Raw version : all) {
      if (!superseded.contains(version.id())) found.add(version);
    }
    found.sort(WINNER_FIRST);
    return found;
  }

  /** What a read of {@code path} must show; null when it was never written. */
  public @Nullable Raw winner(String path) {
    List<Raw> all = heads(path);
    return all.isEmpty() ? null : all.getFirst();
  }

  /** Keys with two or more heads. */
  public List<String> conflicts() {
    return byKey.keySet().stream().filter(path -> heads(path).size() > 1).toList();
  }

  /**
   * Holds the set to the rules of the graph: every parent is there, of the same key and earlier.
   *
   * @throws OracleFailure naming the first version that breaks one
   */
  public void check() {
    for (Raw version : versions.values()) {
      for (Digest parent : version.parents()) {
        Raw held = versions.get(parent);
        if (held == null) {
          throw new OracleFailure(
              "CAUSAL", version + " is visible and its parent " + parent + " is not");
        }
        if (!held.path().equals(version.path())) {
          throw new OracleFailure("CAUSAL", version + " has a parent of another key: " + held);
        }
        if (Long.compareUnsigned(held.time(), version.time()) >= 0) {
          throw new OracleFailure("CAUSAL", version + " is not later than its parent " + held);
        }
      }
    }
  }

  /** Names what one graph has and the other lacks, for a report; empty when they are equal. */
  public String difference(RawGraph other) {
    List<String> lines = new ArrayList<>();
    for (Map.Entry<Digest, Raw> entry : versions.entrySet()) {
      if (!other.contains(entry.getKey())) lines.add("- " + entry.getValue());
    }
    for (Map.Entry<Digest, Raw> entry : other.versions.entrySet()) {
      if (!contains(entry.getKey())) lines.add("+ " + entry.getValue());
    }
    return String.join("\n", lines.subList(0, Math.min(20, lines.size())));
  }

  /** The root of the set, computed from nothing but the ids (reconciliation.md 2.2). */
  public Digest root() {
    return hash(List.copyOf(versions.keySet()), 0);
  }

  private static Digest hash(List<Digest> sorted, int depth) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    if (sorted.size() <= LEAF_MAX) {
      bytes.write(0);
      bytes.write(depth);
      int count = sorted.size();
      while (count > 0x7f) {
        bytes.write((count & 0x7f) | 0x80);
        count >>>= 7;
      }
      bytes.write(count);
      for (Digest id : sorted) bytes.writeBytes(id.toBytes());
      return Digest.sha256(bytes.toByteArray());
    }
    TreeMap<Integer, List<Digest>> children = new TreeMap<>();
    for (Digest id : sorted) {
      int packed = id.toBytes()[depth / 2] & 0xff;
      int nibble = depth % 2 == 0 ? packed >>> 4 : packed & 15;
      children.computeIfAbsent(nibble, n -> new ArrayList<>()).add(id);
    }
    int present = 0;
    for (int nibble : children.keySet()) present |= 1 << nibble;
    bytes.write(1);
    bytes.write(depth);
    bytes.write(present & 0xff);
    bytes.write(present >>> 8);
    for (List<Digest> child : children.values()) bytes.writeBytes(hash(child, depth + 1).toBytes());
    return Digest.sha256(bytes.toByteArray());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RawGraph that && versions.equals(that.versions);
  }

  @Override
  public int hashCode() {
    return Objects.hash(versions);
  }
}
