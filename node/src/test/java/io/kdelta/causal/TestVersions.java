package io.kdelta.causal;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Versions that no store has made: whole envelopes, and random causal graphs of them. */
final class TestVersions {
  private TestVersions() {}

  static Envelope put(String key, String json, Timestamp time, Envelope... parents) {
    Bytes document = Bytes.utf8(json);
    return envelope(Version.Kind.PUT, key, document, time, List.of(parents));
  }

  static Envelope delete(String key, Timestamp time, Envelope... parents) {
    return envelope(Version.Kind.DELETE, key, Bytes.EMPTY, time, List.of(parents));
  }

  private static Envelope envelope(
      Version.Kind kind, String key, Bytes document, Timestamp time, List<Envelope> parents) {
    TreeSet<Digest> ids = new TreeSet<>();
    for (Envelope parent : parents) ids.add(parent.version().id());
    ContentType type = kind == Version.Kind.DELETE ? ContentType.NONE : ContentType.JSON;
    Version version =
        Version.of(
            kind,
            new Key("ns", key),
            List.copyOf(ids),
            time,
            NodeId.NONE,
            Bytes.EMPTY,
            type,
            type.idOf(document),
            "");
    return new Envelope(version, List.of(), null, document, Bytes.EMPTY);
  }

  /**
   * A random graph of {@code count} versions over a few keys, parents first. Dots are those of a
   * few logs, dense from 1 in this order; some versions have two, some none.
   */
  static List<Envelope> graph(SimEntropy entropy, int count) {
    List<Envelope> all = new ArrayList<>();
    List<Incarnation> logs = new ArrayList<>();
    long[] seqs = new long[1 + entropy.nextInt(3)];
    for (int i = 0; i < seqs.length; i++) logs.add(Incarnation.draw(entropy));
    int keys = 1 + entropy.nextInt(4);
    TreeSet<Digest> ids = new TreeSet<>();
    while (all.size() < count) {
      String key = "k" + entropy.nextInt(keys);
      List<Envelope> parents = new ArrayList<>();
      Timestamp latest = Timestamp.ZERO;
      List<Envelope> sameKey = new ArrayList<>();
      for (Envelope envelope : all) {
        if (envelope.version().key().key().equals(key)) sameKey.add(envelope);
      }
      for (int n = entropy.nextInt(4); n > 0 && !sameKey.isEmpty(); n--) {
        int recent = Math.min(sameKey.size(), 1 + entropy.nextInt(6));
        Envelope parent = sameKey.get(sameKey.size() - 1 - entropy.nextInt(recent));
        parents.add(parent);
        latest = Timestamp.later(latest, parent.version().time());
      }
      Timestamp time = new Timestamp(latest.packed() + 1 + entropy.nextInt(50));
      @Nullable Envelope made;
      if (entropy.nextInt(5) == 0) {
        made = delete(key, time, parents.toArray(new Envelope[0]));
      } else {
        int size = entropy.nextInt(12) == 0 ? Keyspace.CONTENT_BYTES_MIN : 1;
        String json = "\"" + "v".repeat(size) + entropy.nextInt(9) + "\"";
        made = put(key, json, time, parents.toArray(new Envelope[0]));
      }
      if (!ids.add(made.version().id())) continue;
      TreeSet<Dot> dots = new TreeSet<>();
      for (int n = entropy.nextInt(3); n > 0; n--) {
        int log = entropy.nextInt(seqs.length);
        if (dots.stream().anyMatch(dot -> dot.incarnation().equals(logs.get(log)))) continue;
        dots.add(new Dot(logs.get(log), ++seqs[log]));
      }
      all.add(made.withDots(List.copyOf(dots)));
    }
    return all;
  }

  static <T> List<T> shuffled(List<T> items, SimEntropy entropy) {
    List<T> shuffled = new ArrayList<>(items);
    for (int i = shuffled.size() - 1; i > 0; i--) {
      int j = entropy.nextInt(i + 1);
      T item = shuffled.get(i);
      shuffled.set(i, shuffled.get(j));
      shuffled.set(j, item);
    }
    return shuffled;
  }
}
