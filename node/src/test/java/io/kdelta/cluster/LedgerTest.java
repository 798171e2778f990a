package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import io.kdelta.reconciliation.Digest;
import org.junit.jupiter.api.Test;

/** Goal: only receipts for these very writes count, once per node. Method: forged and true ones. */
final class LedgerTest {
  private static final NodeId SELF = new NodeId(0, 1);
  private static final NodeId OTHER = new NodeId(0, 2);
  private static final Incarnation LOG = new Incarnation(3, 4);

  private final ModelReplica replica = new ModelReplica();
  private final Ledger ledger = new Ledger(replica, SELF);

  private PeerMessage.Receipt receipt(long from, long synced, long chainOf) {
    Digest chain = replica.chain(LOG, chainOf).orElseThrow();
    return new PeerMessage.Receipt(LOG, synced, from, synced, chain, 0);
  }

  @Test
  void aTrueReceiptCoversItsRangeAndNoMore() {
    replica.write(SELF, LOG, "k", 10, 10);
    assertTrue(ledger.receipt(OTHER, receipt(3, 6, 6)));
    assertTrue(ledger.covers(OTHER, LOG, 3, 6));
    assertTrue(ledger.covers(OTHER, LOG, 4, 4));
    assertFalse(ledger.covers(OTHER, LOG, 2, 6));
    assertFalse(ledger.covers(OTHER, LOG, 6, 7));
    assertFalse(ledger.covers(new NodeId(0, 3), LOG, 3, 6));
    assertFalse(ledger.receipt(OTHER, receipt(3, 6, 6)), "the same again is no news");
    assertTrue(ledger.receipt(OTHER, receipt(7, 8, 8)));
    assertTrue(ledger.covers(OTHER, LOG, 3, 8));
  }

  @Test
  void anotherChainAnUnknownPositionAndTheNodeItselfDoNotCount() {
    replica.write(SELF, LOG, "k", 5, 10);
    assertFalse(ledger.receipt(OTHER, receipt(1, 4, 5)));
    assertFalse(ledger.receipt(OTHER, new PeerMessage.Receipt(LOG, 9, 1, 9, Digest.ZERO, 0)));
    assertFalse(ledger.receipt(SELF, receipt(1, 5, 5)));
    assertFalse(ledger.covers(OTHER, LOG, 1, 1));
    assertFalse(ledger.covers(SELF, LOG, 1, 1));
  }

  @Test
  void theLevelsNeedWhatTheDesignSays() {
    int[][] further = {{0, 1, 0, 0}, {0, 1, 1, 1}, {0, 1, 1, 2}, {0, 1, 2, 3}, {0, 1, 2, 4}};
    for (int r = 0; r < further.length; r++) {
      assertEquals(further[r][0], AckLevel.LOCAL.further(r));
      assertEquals(further[r][1], AckLevel.ONE.further(r));
      assertEquals(further[r][2], AckLevel.QUORUM.further(r));
      assertEquals(further[r][3], AckLevel.ALL.further(r));
    }
  }
}
