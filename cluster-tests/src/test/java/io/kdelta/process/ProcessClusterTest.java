package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.ResolveRequest;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.sim.RawGraph;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: real processes over real sockets and files merge what was written on both sides of a cut.
 * Method: three nodes behind proxies; a recorded history imported by the command line, a node cut
 * off and written to on both sides; the simulator's oracles judge. Faults of every other kind:
 * {@link NemesisTest}.
 */
final class ProcessClusterTest {
  private static final Path HISTORY =
      Path.of(System.getProperty("kdelta.root"), "node/src/test/resources/raft-history.jsonl");

  /** The facts of the recorded history, counted from the file. */
  private static final int HISTORY_VERSIONS = 3_898;

  private static final int HISTORY_KEYS = 194;

  @TempDir private Path folder;

  @Test
  void aCutHealsAndEveryBranchIsThere() throws Exception {
    try (ProcessCluster cluster = new ProcessCluster(folder, 3)) {
      cluster.start();
      cluster.kdelta(
          0, "import", HISTORY.toString(), "--format", "git-history", "--namespace", "raft");
      RawGraph imported = cluster.agree();
      assertEquals(HISTORY_VERSIONS, imported.size());
      assertEquals(HISTORY_KEYS, imported.keys().size());
      assertEquals(List.of(), imported.conflicts());

      cluster.isolate(2);
      for (int i = 0; i < 20; i++) {
        put(cluster, 0, "cut-" + i, "{\"side\":\"majority\"}", AckLevel.ACK_LEVEL_ONE);
        put(cluster, 2, "cut-" + i, "{\"side\":\"alone\"}", AckLevel.ACK_LEVEL_LOCAL);
      }
      cluster.heal();
      RawGraph merged = cluster.agree();
      assertEquals(HISTORY_VERSIONS + 40, merged.size());
      assertEquals(20, merged.conflicts().size());

      resolve(cluster, 1, "cut-0");
      RawGraph resolved = cluster.agree();
      assertEquals(19, resolved.conflicts().size());
      assertEquals(1, resolved.heads("t/cut-0").size());
    }
  }

  private static WriteResult put(
      ProcessCluster cluster, int node, String key, String json, AckLevel level) {
    return cluster
        .kv(node)
        .put(
            PutRequest.newBuilder()
                .setNamespace("t")
                .setKey(key)
                .setValue(ByteString.copyFromUtf8(json))
                .setAck(level)
                .build());
  }

  private static void resolve(ProcessCluster cluster, int node, String key) {
    cluster
        .versions(node)
        .resolve(
            ResolveRequest.newBuilder()
                .setNamespace("t")
                .setKey(key)
                .setValue(ByteString.copyFromUtf8("{\"side\":\"both\"}"))
                .build());
  }
}
