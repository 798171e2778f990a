package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Envelope;
import io.kdelta.document.CanonicalJson;
import io.kdelta.document.HistoryImport;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.Session;
import java.io.BufferedWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a node that is restored from a backup, under a new incarnation, with one in a hundred of
 * the versions missing, heals at the cost of these versions and a twentieth, counted on the wire:
 * every byte that the proxies between the nodes carry, in both directions, from its start until the
 * roots are equal. Method: two processes; {@code kdelta admin backup}, more writes, {@code kdelta
 * admin restore}. As many versions as the property kdelta.versions says.
 */
final class RestoredNodeTest {
  private static final int VERSIONS = Integer.getInteger("kdelta.versions", 20_000);
  private static final int MISSING = VERSIONS / 100;
  private static final int KEYS = VERSIONS / 4;
  private static final int TEXT_BYTES = 1_000;

  /**
   * Packed, what is missing takes two thirds of its bytes; where the machine is so busy that a peer
   * relays what another one has sent meanwhile, it comes twice.
   */
  private static final double MARGIN = 1.4;

  /** That two nodes meet: connection, greetings, what they know of each other; once. */
  private static final int MEETING_BYTES = 4 << 10;

  @TempDir private Path folder;

  @Test
  void whatABackupLacksIsWhatTheWireCarries() throws Exception {
    Path first = folder.resolve("first.jsonl");
    Path rest = folder.resolve("rest.jsonl");
    long missing = write(first, rest);
    try (ProcessCluster cluster = new ProcessCluster(folder, 2)) {
      cluster.start();
      cluster.kdelta(0, "import", first.toString(), "--format", "git-history", "--namespace", "t");
      cluster.awaitEqualRoots();
      Path backup = folder.resolve("backup");
      cluster.kdelta(1, "admin", "backup", backup.toString());
      cluster.kdelta(0, "import", rest.toString(), "--format", "git-history", "--namespace", "t");
      cluster.awaitEqualRoots();
      assertEquals(0, cluster.node(1).terminate());

      Path data = cluster.node(1).data();
      Files.move(data, folder.resolve("lost"));
      cluster.kdelta(0, "admin", "restore", backup.toString(), data.toString());
      long before = cluster.roads().carriedBytes();
      cluster.node(1).start();
      cluster.awaitReady(1);
      cluster.awaitEqualRoots();
      long carried = cluster.roads().carriedBytes() - before;
      assertEquals(VERSIONS, cluster.subject(1).counts().versions());
      List<Session> sessions = cluster.sessions(1);
      String told =
          String.format(
              Locale.ROOT,
              "restored: %d of %d versions missing, %d B; %d B on the wire (%.4f); sessions %s",
              MISSING,
              VERSIONS,
              missing,
              carried,
              (double) carried / missing,
              sessions);
      System.out.println(told);
      assertTrue(carried >= (long) MISSING * TEXT_BYTES / 2, "chance can not be packed: " + told);
      assertTrue(carried <= MARGIN * missing + MEETING_BYTES, told);
    }
  }

  /** Writes the history; answers how many bytes the versions and documents of the rest have. */
  private static long write(Path first, Path rest) throws Exception {
    HistoryImport history = new HistoryImport("t", CanonicalJson.WIDEST);
    Random random = new Random(6);
    long bytes = 0;
    try (BufferedWriter early = Files.newBufferedWriter(first);
        BufferedWriter late = Files.newBufferedWriter(rest)) {
      for (int i = 0; i < VERSIONS; i++) {
        byte[] text = new byte[TEXT_BYTES / 2];
        random.nextBytes(text);
        boolean isLate = i >= VERSIONS - MISSING;
        int keys = isLate ? MISSING / 4 : KEYS;
        boolean isFirst = i < keys || (isLate && i - keys < VERSIONS - MISSING);
        String parent = isFirst ? "" : "\"v" + (i - keys) + "\"";
        String line =
            String.format(
                Locale.ROOT,
                "{\"key\":\"%s%d\",\"value\":{\"text\":\"%s\"},\"at\":\"2020-01-01T00:00:00Z\","
                    + "\"label\":\"v%d\",\"parents\":[%s]}%n",
                isLate ? "late" : "key",
                i % keys,
                HexFormat.of().formatHex(text),
                i,
                parent);
        Envelope envelope = history.next(Bytes.utf8(line.strip()));
        if (!isLate) {
          early.write(line);
          continue;
        }
        late.write(line);
        bytes += envelope.version().canonical().size() + envelope.document().size();
      }
    }
    return bytes;
  }
}
