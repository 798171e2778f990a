package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.verify.Findings;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The whole history of one key, as {@link SetVerifier} has read it. */
final class KeyHistory {
  final Bytes group;
  final TreeMap<Digest, Version> versions = new TreeMap<>();

  /** The row of open heads, if there is one. */
  @Nullable Bytes heads;

  private final TreeSet<Digest> tips = new TreeSet<>();

  KeyHistory(Bytes group) {
    this.group = group;
  }

  /** Parents are here and older, and the heads are those that nothing supersedes. */
  void check(Findings findings) {
    tips.addAll(versions.keySet());
    for (Version version : versions.values()) {
      for (Digest parent : version.parents()) {
        tips.remove(parent);
        Version found = versions.get(parent);
        String flaw =
            found == null
                ? "its parent " + parent.hex() + " is missing"
                : Verification.parentFlaw(version, found);
        if (flaw != null) findings.damage("", 0, "version " + version.id().hex() + ": " + flaw);
      }
    }
    Bytes row = heads;
    if (row == null) {
      if (tips.size() > 1) wrong(findings, "the row of its " + tips.size() + " heads is missing");
      return;
    }
    try {
      if (!tips.equals(read(row))) wrong(findings, "its row of heads names other versions");
      if (tips.size() < 2) wrong(findings, "it has a row of heads without need");
    } catch (KdeltaException.Invalid e) {
      wrong(findings, "its row of heads does not decode: " + e.getMessage());
    }
  }

  int headCount() {
    return tips.size();
  }

  boolean live() {
    for (Digest id : tips) {
      Version version = versions.get(id);
      if (version != null && !version.deleted()) return true;
    }
    return false;
  }

  private Set<Digest> read(Bytes row) {
    ByteReader in = new ByteReader(row, "heads");
    TreeSet<Digest> named = new TreeSet<>();
    for (int left = in.readCount(41); left > 0; left--) {
      boolean deleted = in.readByte() == 1;
      long time = in.readLong();
      Digest id = Fields.readDigest(in);
      Version version = versions.get(id);
      boolean same =
          version != null && version.deleted() == deleted && version.time().packed() == time;
      if (!same || (!named.isEmpty() && named.last().compareTo(id) >= 0)) {
        throw in.invalid("head " + id.hex() + " is not as its version says");
      }
      named.add(id);
    }
    in.end();
    return named;
  }

  private void wrong(Findings findings, String what) {
    findings.damage("", 0, "key " + Keyspace.keyOf(group) + ": " + what);
  }
}
