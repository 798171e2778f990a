package io.kdelta.process;

import io.kdelta.causal.SetVerifier;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.OracleFailure;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.Holding;
import io.kdelta.vfs.HostVfs;
import java.nio.file.Path;
import java.util.TreeMap;

/**
 * The data directories of stopped nodes, read by the offline verifier ({@code admin verify --deep},
 * in this process): nothing is damaged (O7), and over all directories that there ever were no place
 * of a log holds two versions (AMNESIA). One thread.
 */
final class DotBook {
  private static final int POSITION_KEYSPACE = 4;

  /** Behind the keyspace: 16 bytes of incarnation and 8 of position. */
  private static final int DOT_BYTES = 24;

  /** Behind the byte of flags. */
  private static final int ID_AT = 1;

  private final TreeMap<String, Digest> dots = new TreeMap<>();
  private final TreeMap<String, String> firstReadAt = new TreeMap<>();
  private int directories;

  /** Reads a whole directory; answers the root of the versions in it. */
  Digest read(String who, Path directory) {
    HostVfs vfs = new HostVfs(directory);
    Findings findings = new Findings();
    SetVerifier set = new SetVerifier(findings);
    SetVerifier.Summary versions;
    try (Holding _ = Holding.of(vfs, "the test")) {
      StoreVerifier.Summary summary =
          new StoreVerifier(vfs, findings, (_, _) -> {})
              .verify((point, suffix, value) -> {
                set.row(point, suffix, value);
                if (point.unsignedAt(0) == POSITION_KEYSPACE) position(who, point, value);
              });
      if (summary.liveRows() < 0) throw damage(who, findings);
      versions = set.finish();
    }
    if (findings.damage() > 0) throw damage(who, findings);
    directories++;
    return versions.root();
  }

  private static OracleFailure damage(String who, Findings findings) {
    return new OracleFailure("O7", "the directory of " + who + " is damaged: " + findings.kept());
  }

  private void position(String who, Bytes point, Bytes value) {
    String dot = point.slice(1, 1 + DOT_BYTES).hex();
    Digest id = Digest.fromBytes(value.slice(ID_AT, ID_AT + Digest.SIZE).toArray());
    Digest before = dots.putIfAbsent(dot, id);
    if (before == null) {
      firstReadAt.put(dot, who);
    } else if (!before.equals(id)) {
      throw new OracleFailure(
          "AMNESIA",
          "place "
              + dot
              + " is "
              + before
              + " at "
              + firstReadAt.get(dot)
              + " and "
              + id
              + " at "
              + who);
    }
  }

  /** How many directories were read. */
  int directories() {
    return directories;
  }

  /** How many places of logs stand in them. */
  int size() {
    return dots.size();
  }
}
