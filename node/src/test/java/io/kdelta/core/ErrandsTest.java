package io.kdelta.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.SetVerifier;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: a core copies its store on demand, and the copy holds the same set; the deep verifier
 * misses no row that is gone; the scrub finds rot without a read and the node goes on.
 *
 * <p>Method: a core in the rig; the rows of its backup given to the verifier whole, then with each
 * row left out in turn; a byte of a table flipped under the running core.
 */
final class ErrandsTest {
  /** A row as the store's verifier hands it over. */
  private record Given(Bytes point, Bytes suffix, Bytes value) {}

  private static CoreRig filled(CoreConfig.Limits limits) {
    CoreRig rig = new CoreRig(11, limits).open();
    rig.settle();
    for (int i = 0; i < 40; i++) {
      byte[] noise = new byte[i % 8 == 0 ? 3_000 : 40];
      new SimEntropy(i).fill(noise);
      String text = Bytes.wrap(noise).hex();
      rig.ask(CoreRig.put("k" + i % 15, "\"" + text + "\""), Reply.Written.class);
    }
    return rig;
  }

  @Test
  void aBackupHoldsTheSameSetAndNoRowOfItCanBeMissing() {
    CoreRig rig = filled(CoreConfig.Limits.DEFAULT);
    SimVfs target = new SimVfs(new SimEntropy(1));
    rig.ask(new Command.Backup(target), Reply.StoreDone.class);
    Reply.Status status = rig.ask(new Command.AdminStatus(), Reply.Status.class);
    List<Given> rows = new ArrayList<>();
    Findings below = new Findings();
    StoreVerifier.Summary read =
        new StoreVerifier(target, below, (_, _) -> {})
            .verify((point, suffix, value) -> rows.add(new Given(point, suffix, value)));
    assertEquals(List.of(), below.kept());
    assertEquals(rows.size(), read.liveRows());
    Findings findings = new Findings();
    SetVerifier whole = new SetVerifier(findings);
    for (Given row : rows) whole.row(row.point(), row.suffix(), row.value());
    SetVerifier.Summary summary = whole.finish();
    assertEquals(List.of(), findings.kept());
    assertEquals(status.root(), summary.root());
    assertEquals(40, summary.versions());
    assertEquals(15, summary.keys());
    int left = 0;
    for (int out = 0; out < rows.size(); out++) {
      int keyspace = rows.get(out).point().unsignedAt(0);
      // Versions, ids, documents, positions, the apply log; the rest are small facts.
      if (keyspace > 4 && keyspace != 7) continue;
      Findings found = new Findings();
      SetVerifier lacking = new SetVerifier(found);
      for (int i = 0; i < rows.size(); i++) {
        Given row = rows.get(i);
        if (i != out) lacking.row(row.point(), row.suffix(), row.value());
      }
      lacking.finish();
      assertTrue(found.damage() > 0, "row " + out + " of keyspace " + keyspace);
      left++;
    }
    assertTrue(left > 100, left + " rows");
  }

  @Test
  void oneErrandAtATime() {
    CoreRig rig = filled(CoreConfig.Limits.DEFAULT);
    long first = rig.send(new Command.Compact());
    long second = rig.send(new Command.ListSnapshots());
    assertInstanceOf(KdeltaException.Overloaded.class, rig.refused.get(second));
    rig.settle();
    assertInstanceOf(Reply.StoreDone.class, rig.answered.get(first));
    rig.ask(new Command.KeepSnapshot("now"), Reply.StoreDone.class);
    Reply.StoreDone names = rig.ask(new Command.ListSnapshots(), Reply.StoreDone.class);
    assertEquals(List.of("now"), names.report().names());
  }

  @Test
  void rotIsFoundWithoutAReadAndTheNodeGoesOn() {
    CoreRig rig = filled(CoreConfig.Limits.DEFAULT.withScrub(1));
    rig.ask(new Command.Compact(), Reply.StoreDone.class);
    String table =
        rig.disk.list("").stream()
            .filter(name -> name.endsWith(".table"))
            .findFirst()
            .orElseThrow();
    rig.disk.flip(table, 300, 1);
    boolean found = false;
    for (int i = 0; i < 20 && !found; i++) {
      rig.time.advance(1_000_000_000L);
      rig.turn(new Event.Tick());
      rig.settle();
      Reply.Status status = rig.ask(new Command.AdminStatus(), Reply.Status.class);
      found = status.storage().scrubFound() == 1 && rig.outgoing.toString().contains(table);
    }
    assertTrue(found, "the scrub must find it");
    rig.ask(CoreRig.put("after", "1"), Reply.Written.class);
  }
}
