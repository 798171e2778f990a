package io.kdelta.cluster;

import static io.kdelta.cluster.ModelNet.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.cluster.ModelNet.Node;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.FileList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: programs that speak different formats are one cluster, while each is replaced in turn and
 * when one goes back; nobody is ever sent what it can not read. Method: whole Cluster objects in a
 * simulated network, some of which speak no newer format than the oldest; what cannot be decoded
 * ends a link with a notice, and there must be none.
 */
final class RollingUpgradeTest {
  private static final int LOAD = 30;

  private static boolean converged(ModelNet net) {
    for (Node one : net.running()) {
      for (Node other : net.running()) {
        Member member = one.cluster().member(other.id).orElse(null);
        if (member == null || member.state() != Member.State.ALIVE) return false;
        if (!member.linked() || !member.met()) return false;
      }
    }
    return true;
  }

  private static void converge(ModelNet net) {
    net.await("everybody alive, linked and met", 60 * SECOND, () -> converged(net));
    net.run(2 * SECOND);
    List<String> refused = net.notices.stream().filter(text -> text.contains("refused")).toList();
    assertEquals(List.of(), refused);
  }

  /** What {@code one} knows of the load of {@code other}. */
  private static int load(Node one, Node other) {
    return one.cluster().member(other.id).orElseThrow().facts().load();
  }

  @Test
  void eachIsReplacedInTurnAndTheNewestFormatComesWithTheLast() {
    for (long seed = 0; seed < 6; seed++) {
      ModelNet net = new ModelNet(seed).with(4);
      for (Node node : net.nodes) node.formatMax = PeerCodec.OLDEST;
      net.startAll().run(SECOND);
      converge(net);
      for (Node node : net.nodes) {
        assertEquals(PeerCodec.OLDEST, net.node(0).cluster().format(), "one is old still");
        node.crash();
        net.run(SECOND);
        node.formatMax = PeerCodec.NEWEST;
        node.start();
        converge(net);
        for (Node one : net.nodes) {
          for (Node other : net.nodes) {
            if (one == other) continue;
            boolean all = one.cluster().format() == PeerCodec.NEWEST;
            assertEquals(all ? LOAD : 0, load(one, other), one.address + " of " + other.address);
          }
        }
      }
      for (Node node : net.nodes) {
        assertEquals(PeerCodec.NEWEST, node.cluster().format());
      }
    }
  }

  @Test
  void oneThatGoesBackIsSpokenToAsBefore() {
    ModelNet net = new ModelNet(9).with(3).startAll();
    net.run(SECOND);
    converge(net);
    assertEquals(PeerCodec.NEWEST, net.node(0).cluster().format());
    Node back = net.node(1);
    back.crash();
    net.run(30 * SECOND);
    assertEquals(
        PeerCodec.NEWEST, net.node(0).cluster().format(), "who is away is counted as it was");
    back.formatMax = PeerCodec.OLDEST;
    back.start();
    converge(net);
    assertEquals(PeerCodec.OLDEST, net.node(0).cluster().format());
    assertEquals(0, load(back, net.node(0)));
    assertEquals(0, load(net.node(2), net.node(0)), "what all pass on, all have to read");
  }

  @Test
  void theFormatsDifferAndAreNotMistakenForEachOther() {
    Member.Facts facts = new Member.Facts(1, Member.Stage.READY, Digest.ZERO, 2, 3, 4, 5, 70);
    PeerMessage message = new PeerMessage.Facts(1, facts, new TreeMap<>());
    Bytes old = PeerCodec.encode(message, PeerCodec.OLDEST);
    Bytes fresh = PeerCodec.encode(message, PeerCodec.NEWEST);
    assertEquals(old.size() + 1, fresh.size());
    assertEquals(message, PeerCodec.decode(fresh, PeerCodec.NEWEST));
    PeerMessage.Facts read = (PeerMessage.Facts) PeerCodec.decode(old, PeerCodec.OLDEST);
    assertEquals(0, read.facts().load());
    assertThrows(KdeltaException.Invalid.class, () -> PeerCodec.decode(fresh, PeerCodec.OLDEST));
    assertThrows(KdeltaException.Invalid.class, () -> PeerCodec.decode(old, PeerCodec.NEWEST));
    assertTrue(PeerCodec.NEWEST > PeerCodec.OLDEST);
  }

  @Test
  void aPieceHasItsSealWhereBothKnowSeals() {
    PeerMessage ask = new PeerMessage.SnapshotAsk(3, FileList.Check.LATER);
    PeerMessage piece = new PeerMessage.SnapshotPiece(3, 1, 2, Bytes.utf8("bytes"), 99);
    for (int format = PeerCodec.OLDEST; format <= PeerCodec.NEWEST; format++) {
      boolean seals = format >= PeerCodec.SEAL_FORMAT;
      PeerMessage asked = PeerCodec.decode(PeerCodec.encode(ask, format), format);
      PeerMessage sent = PeerCodec.decode(PeerCodec.encode(piece, format), format);
      FileList.Check check = seals ? FileList.Check.LATER : FileList.Check.SHA256;
      assertEquals(new PeerMessage.SnapshotAsk(3, check), asked);
      assertEquals(seals ? 99 : 0, ((PeerMessage.SnapshotPiece) sent).seal());
    }
  }
}
