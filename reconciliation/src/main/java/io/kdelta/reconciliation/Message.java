package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What two sides of a session say to each other. Values; the byte layout is {@link MessageCodec}'s,
 * which message is legal when is {@link Reconciliation}'s.
 *
 * <p>The versions themselves are no message of this module: {@link Effect.Push} names them and the
 * driver moves them on the same ordered stream.
 */
public sealed interface Message {
  /**
   * Opens a session, initiator to responder; once more in the middle of one, where the dots left a
   * difference.
   *
   * @param root of the initiator's set
   * @param dots the initiator's positions
   */
  record Root(Digest root, DotReport dots) implements Message {}

  /**
   * The roots are equal; the session is over. In answer to ROOT, or to DONE where nothing was left
   * out.
   *
   * @param dots the responder's positions, in answer to the first ROOT
   */
  record Same(DotReport dots) implements Message {}

  /**
   * The roots differ; what the initiator needs to choose a rung.
   *
   * @param count digests in the responder's set
   * @param root of the responder's set
   * @param floor the retention floor, 0 = everything is kept; both sides have to have the same
   * @param epoch the number of the key of the cells
   * @param nonce the responder's half of the session key
   * @param cells the first cells of the responder's set
   * @param refused ids that the responder refuses: the initiator leaves them out
   * @param samples two bits a sampled node, see {@link DifferenceEstimator}
   * @param dots the responder's positions
   */
  record State(
      long count,
      Digest root,
      long floor,
      long epoch,
      Name nonce,
      Octets cells,
      List<Digest> refused,
      Octets samples,
      DotReport dots)
      implements Message {
    /** Keeps its own copy of the list. */
    public State {
      refused = List.copyOf(refused);
    }
  }

  /**
   * The sender pushes what the positions say that the receiver lacks. The responder says it in
   * place of STATE when both sides shared their positions before; the initiator when STATE shows
   * that the positions explain the difference.
   *
   * @param dots the responder's positions; the initiator has told its own in ROOT
   */
  record Dots(DotReport dots) implements Message {}

  /**
   * Cells of the sender's set, or of its survivors in a scope.
   *
   * @param scope the place whose ids are in them; the whole space for the cells of the epoch
   * @param fresh whether they are under the session key, not under the key of the epoch
   * @param from index of the first
   * @param end index behind the last of all that are being sent; equal to {@code from} in a scope
   *     that holds the same on both sides
   * @param cells of this part, eight bytes each
   */
  record Cells(Prefix scope, boolean fresh, int from, int end, Octets cells) implements Message {}

  /**
   * Asks for more cells.
   *
   * @param scope as in {@link Cells}
   * @param fresh as in {@link Cells}
   * @param from index of the first, the one behind those heard
   * @param count how many
   */
  record More(Prefix scope, boolean fresh, int from, int count) implements Message {}

  /**
   * A part of a Bloom filter over the sender's ids in a scope; the parts follow each other in
   * order. The initiator's opens the scope, with no hashes where a filter does not pay.
   *
   * @param scope the place whose ids are in it
   * @param hash the first eight bytes of the hash of the sender's tree at that place
   * @param nonce the initiator's half of the session key, the same in both directions
   * @param items ids that the sender holds there
   * @param differences how many ids the initiator expects both to differ in there
   * @param hashes probes an id; 0 = no filter, everything passes
   * @param size bytes of the whole filter
   * @param offset of this part, bytes
   * @param part its bytes
   */
  record Filter(
      Prefix scope,
      long hash,
      Name nonce,
      long items,
      long differences,
      int hashes,
      int size,
      int offset,
      Octets part)
      implements Message {}

  /**
   * Inner places of the sender's tree, in answer to places of the receiver's that differ, or the
   * whole space to begin a drill-down.
   *
   * @param hashSize bytes of each hash: 8, or 32 in the second drill-down
   * @param nodes at least one
   */
  record Tree(int hashSize, List<Node> nodes) implements Message {
    /** The short hashes of the first drill-down, bytes. */
    public static final int SHORT = 8;

    /** The whole hashes of the second drill-down, bytes. */
    public static final int WHOLE = 32;

    /** Keeps its own copy of the list. */
    public Tree {
      nodes = List.copyOf(nodes);
    }

    /**
     * One inner place.
     *
     * @param place where it is
     * @param present bit i = there is something under nibble i
     * @param hashes of those, in order; short ones have zeros behind their eight bytes
     */
    public record Node(Prefix place, int present, List<Digest> hashes) {
      /** Keeps its own copy and checks that bits and hashes agree. */
      public Node {
        hashes = List.copyOf(hashes);
        if (present >>> 16 != 0 || Integer.bitCount(present) != hashes.size()) {
          throw new IllegalArgumentException("children and hashes disagree");
        }
      }
    }
  }

  /**
   * All that the sender holds at places where the two sides differ.
   *
   * @param buckets at least one
   */
  record Leaf(List<Bucket> buckets) implements Message {
    /** Keeps its own copy of the list. */
    public Leaf {
      buckets = List.copyOf(buckets);
    }

    /**
     * One place.
     *
     * @param place where it is
     * @param digests all of the sender's there, ascending, at most {@link MerkleTree#LEAF_MAX}
     */
    public record Bucket(Prefix place, List<Digest> digests) {
      /** Keeps its own copy of the list. */
      public Bucket {
        digests = List.copyOf(digests);
      }
    }
  }

  /**
   * Versions that the sender asks for.
   *
   * @param kind what {@code cut} is cut from
   * @param width bits of each entry of {@code cut}, {@link RiceCode#WIDTH_MIN} to {@link
   *     RiceCode#WIDTH_MAX}
   * @param keyed how many of them are keyed bits of symbols, behind first bits of ids; 0 for ids
   * @param cut those of ids, or of symbols, that the receiver holds, ascending
   * @param whole ids of missing parents of versions that the receiver pushed, ascending
   */
  record Want(Kind kind, int width, int keyed, List<Long> cut, List<Digest> whole)
      implements Message {
    /** What the entries are cut from. */
    public enum Kind {
      /** Ids that were told in a drill-down. */
      IDS,
      /** Symbols under the key of the epoch. */
      EPOCH,
      /** Symbols under the key of the session. */
      FRESH
    }

    /** Keeps its own copies of the lists. */
    public Want {
      cut = List.copyOf(cut);
      whole = List.copyOf(whole);
    }
  }

  /**
   * Ends a turn that asked something.
   *
   * @param pushing versions that follow on the stream
   * @param refused ids refused since the sender's last turn
   */
  record Over(long pushing, List<Digest> refused) implements Message {
    /** Keeps its own copy of the list. */
    public Over {
      refused = List.copyOf(refused);
    }
  }

  /**
   * Ends a turn that asked nothing: as far as the sender sees, both sides are equal.
   *
   * @param root of snapshot and received, less what the peer refuses
   * @param pushing versions that follow on the stream
   * @param refused ids refused since the sender's last turn
   * @param left ids that the sender left out because the receiver refuses them
   */
  record Done(Digest root, long pushing, List<Digest> refused, long left) implements Message {
    /** Keeps its own copy of the list. */
    public Done {
      refused = List.copyOf(refused);
    }
  }

  /**
   * Ends the session without agreement; never answered.
   *
   * @param code why
   */
  record Fail(Code code) implements Message {
    /** Why a session ends without agreement. */
    public enum Code {
      /** The bytes are no message. */
      MALFORMED(1),
      /** A message that this state does not allow. */
      ILLEGAL(2),
      /** A bound of {@link Limits} was reached; the next session goes on from here. */
      LIMIT(3),
      /** Both drill-downs ended and the roots still differ. */
      UNEQUAL(4),
      /** The responder receives in another session; the initiator tries again later. */
      BUSY(5),
      /** Two sessions crossed and this one gives way. */
      CROSSED(6),
      /** The peer said nothing for too long, or is suspected. */
      SILENT(7),
      /** Retention floors differ. */
      FLOOR(8),
      /** This side has to stop: it is closing, or what it received could not be kept. */
      STOPPED(9);

      private static final List<Code> ALL = List.of(values());

      private final int number;

      Code(int number) {
        this.number = number;
      }

      /** The byte on the wire. */
      public int number() {
        return number;
      }

      /** The code of a byte; null when there is none. */
      static @Nullable Code of(int number) {
        for (Code code : ALL) if (code.number == number) return code;
        return null;
      }
    }
  }
}
