package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.reconciliation.Digest;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A member as this node knows it: who it is, how it is, and what it last said it holds.
 *
 * <p>A value without owner or thread.
 *
 * @param card who it is
 * @param state how it is
 * @param refutation how often it had to say that it lives; only the member itself raises it
 * @param facts what it last said about itself; {@link Facts#NONE} if nothing was heard yet
 * @param linked whether an established link to it is open now
 * @param met whether a first session with it has ended, so that frames may flow
 */
public record Member(
    Card card, State state, long refutation, Facts facts, boolean linked, boolean met) {

  /** Longest text of a card, in bytes of UTF-8. */
  public static final int TEXT_BYTES_MAX = 255;

  /** Most addresses of a card. */
  public static final int ADDRESSES_MAX = 4;

  /** Its id. */
  public NodeId node() {
    return card.node();
  }

  /** Whether writes may still count on it: it answers, or is only suspected not to. */
  public boolean alive() {
    return state == State.ALIVE || state == State.SUSPECT;
  }

  /**
   * How a member is. For the same refutation number the later one in this order wins; LEFT wins
   * always.
   */
  public enum State {
    /** It answers. */
    ALIVE,
    /** It did not answer somebody; it has a while to refute that. */
    SUSPECT,
    /** It did not refute. Still a member: counted, and dialled for ever. */
    DEAD,
    /** It said that it stops. Still a member: counted, and dialled for ever. */
    DOWN,
    /** Gone for good. Kept as a tombstone. */
    LEFT
  }

  /** How far a node has come in its life. */
  public enum Stage {
    /** It takes no writes yet: it waits for its first seed. */
    JOINING,
    /** It serves. */
    READY,
    /** It ships what it has and stops. */
    DRAINING
  }

  /**
   * Who a member is; changes only with a start of the node.
   *
   * @param node its id
   * @param name what people call it
   * @param addresses where it may be dialled, the preferred first
   * @param http address of its HTTP port, may be empty
   * @param zone its failure domain, may be empty
   * @param software version of its program, for people
   * @param formatMin oldest peer format it reads
   * @param formatMax newest peer format it reads
   */
  public record Card(
      NodeId node,
      String name,
      List<String> addresses,
      String http,
      String zone,
      String software,
      int formatMin,
      int formatMax) {
    /** Refuses texts and lists that are too long. */
    public Card {
      addresses = List.copyOf(addresses);
      requireText("name", name);
      requireText("http", http);
      requireText("zone", zone);
      requireText("software", software);
      requireAddresses(addresses);
    }
  }

  /**
   * What a node says about its contents.
   *
   * @param number counts what it said; with the refutation number it orders two of them
   * @param stage how far it has come
   * @param root Merkle root of its set
   * @param keys keys with a live winner
   * @param keysEver keys that ever had a version
   * @param versions size of its set
   * @param diskBytes size of its files
   * @param load how much its store owes, of a hundred, in tens; 0 until all members speak format 2:
   *     who does not would pass the rest on without it
   */
  public record Facts(
      long number,
      Stage stage,
      Digest root,
      long keys,
      long keysEver,
      long versions,
      long diskBytes,
      int load) {
    /** Highest load. */
    public static final int LOAD_MAX = 100;

    /** Before anything was heard. */
    public static final Facts NONE = new Facts(0, Stage.JOINING, Digest.ZERO, 0, 0, 0, 0, 0);
  }

  static void requireText(String field, String text) {
    if (text.getBytes(StandardCharsets.UTF_8).length > TEXT_BYTES_MAX) {
      throw new IllegalArgumentException(field + " is longer than " + TEXT_BYTES_MAX + " bytes");
    }
  }

  static void requireAddresses(List<String> addresses) {
    if (addresses.size() > ADDRESSES_MAX) {
      throw new IllegalArgumentException(addresses.size() + " addresses");
    }
    for (String address : addresses) requireText("address", address);
  }
}
