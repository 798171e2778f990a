package io.kdelta.cluster;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Fields;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.FileList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The bytes of a {@link PeerMessage}: one kind byte, then the body. Pure functions.
 *
 * <p>Integers are little-endian; text is UTF-8 behind a u8 length; a list stands behind its count;
 * a digest has 32 bytes, an id 16. Every count and length is checked against its bound and against
 * what is left before anything is allocated for it, and bytes behind the last field are refused:
 * hostile bytes give {@link KdeltaException.Invalid}, never another error.
 *
 * <pre>
 * kind            body
 *  1 Hello        u32 "kdlt" | u8 formatMin | u8 formatMax | cluster 16 | u8 settled | u64 refutation | card
 *  2 Refuse       u8 reason | text
 *  3 Ping         u64 number | rumours
 *  4 Ack          u64 number | rumours
 *  5 PingRequest  u64 number | node 16
 *  6 Nack         u64 number
 *  7 Members      u8 answer | u8 knowledge | u32 count | each: rumour, u64 life, facts
 *  8 Facts        u64 refutation | facts | positions
 *  9 Offer        incarnation 16 | u64 last
 * 10 Follow       incarnation 16 | u64 from | u64 upTo | u8 known | digest before (zero if not known)
 * 11 Lost         incarnation 16 | u64 from
 * 12 Ship         packed frame
 * 13 Credit       u64 bytes
 * 14 Receipt      incarnation 16 | u64 received | u64 from | u64 synced | digest chain | u64 applied
 * 15 Want         u32 count | digests
 * 16 Versions     u32 count | each: u32 length, envelope
 * 17 Reconcile    u64 session | u32 length | message of the pure module
 * 18 Push         u64 session | u32 count | each: u32 length, envelope
 * 19 PushCredit   u64 session | u64 bytes
 * 20 Dispute      incarnation 16 | u64 seq | digest held | digest told
 * 21 SnapshotAsk  u64 session   (from format 4 on for a list without digests)
 * 22 SnapshotList u64 session | u32 length, list of files   (see {@link FileList})
 * 23 SnapshotGet  u64 session | u32 file | u32 piece
 * 24 SnapshotPiece u64 session | u32 file | u32 piece | u32 length, bytes
 *            from format 4 on: | u64 seal
 * 25 SnapshotEnd  u64 session | u8 busy | text
 * 26 Tallies      64 times u64 sum              (from format 2 on)
 * 27 Tallied      u64 equal                     (from format 2 on)
 *
 * card       node 16 | name | u8 count, addresses | http | zone | software | u8 formatMin | u8 formatMax
 * rumours    u8 count | each: card | u8 state | u64 refutation | accuser 16
 * facts      u64 number | u8 stage | digest root | u64 keys | u64 keysEver | u64 versions | u64 disk
 *            from format 2 on: | u8 load
 * positions  u32 count | each: incarnation 16 (ascending), intervals
 * packed     u8 coding | u32 size when unpacked | u32 length | bytes   (see {@link Squeeze})
 *
 * kinds 12, 16 and 18 may come packed as a whole, from format 3 on   (see {@link Packer})
 * </pre>
 */
public final class PeerCodec {
  /** The oldest peer format that this program speaks. */
  public static final int OLDEST = 1;

  /**
   * The newest one: 2 tells the load of a node and sums up many logs, 3 packs what carries
   * versions, 4 seals each piece of a snapshot where before the list had digests of all.
   */
  public static final int NEWEST = 4;

  /** The first format in which pieces of snapshots are sealed. */
  static final int SEAL_FORMAT = 4;

  /** The first format that tells the load. */
  static final int LOAD_FORMAT = 2;

  /** The first format that knows {@link PeerMessage.Tallies}. */
  static final int TALLY_FORMAT = 2;

  /** Most rumours on one probe. */
  static final int RUMOURS_MAX = 32;

  /** Most members in one list. */
  static final int MEMBERS_MAX = 4_096;

  /** Most incarnations in one message. */
  static final int POSITIONS_MAX = 4_096;

  /** Most ids in one Want. */
  static final int WANT_MAX = 1_024;

  /**
   * Longest frame, and longest body of any other message, in bytes: one version of full size fits.
   */
  static final int BODY_BYTES_MAX = Envelope.BYTES_MAX + (8 << 20);

  private static final int ENVELOPES_MAX = 1 << 16;
  private static final int RUMOUR_BYTES_MIN = 2 * NodeId.SIZE + 16;
  private static final int MAGIC = 0x746c_646b;

  /** The place in these lists is the byte on the wire: append, never reorder. */
  private static final List<PeerMessage.Refuse.Reason> REASONS =
      List.of(
          PeerMessage.Refuse.Reason.CLUSTER,
          PeerMessage.Refuse.Reason.FORMAT,
          PeerMessage.Refuse.Reason.LEFT,
          PeerMessage.Refuse.Reason.MALFORMED,
          PeerMessage.Refuse.Reason.DUPLICATE);

  private static final List<PeerMessage.Members.Knowledge> KNOWLEDGE =
      List.of(PeerMessage.Members.Knowledge.values());

  private static final List<Member.State> STATES =
      List.of(
          Member.State.ALIVE,
          Member.State.SUSPECT,
          Member.State.DEAD,
          Member.State.DOWN,
          Member.State.LEFT);

  private static final List<Member.Stage> STAGES =
      List.of(Member.Stage.JOINING, Member.Stage.READY, Member.Stage.DRAINING);

  private PeerCodec() {}

  /** Whether messages of that kind may come packed. */
  static boolean carriesVersions(int kind) {
    return kind == 12 || kind == 16 || kind == 18;
  }

  /** The bytes of {@code message} as every program reads them. */
  public static Bytes encode(PeerMessage message) {
    return encode(message, OLDEST);
  }

  /** The bytes of {@code message} in that format. */
  static Bytes encode(PeerMessage message, int format) {
    ByteWriter out = new ByteWriter(bytesExpected(message));
    switch (message) {
      case PeerMessage.Hello m -> hello(out.writeByte(1), m);
      case PeerMessage.Refuse m ->
          text(out.writeByte(2).writeByte(REASONS.indexOf(m.reason())), m.text());
      case PeerMessage.Ping m -> rumours(out.writeByte(3).writeLong(m.number()), m.rumours());
      case PeerMessage.Ack m -> rumours(out.writeByte(4).writeLong(m.number()), m.rumours());
      case PeerMessage.PingRequest m -> m.target().write(out.writeByte(5).writeLong(m.number()));
      case PeerMessage.Nack m -> out.writeByte(6).writeLong(m.number());
      case PeerMessage.Members m -> members(out.writeByte(7), m, format);
      case PeerMessage.Tallies m -> {
        out.writeByte(26);
        for (long sum : m.tally().sums()) out.writeLong(sum);
      }
      case PeerMessage.Tallied m -> out.writeByte(27).writeLong(m.equal());
      case PeerMessage.Facts m -> {
        facts(out.writeByte(8).writeLong(m.refutation()), m.facts(), format);
        positions(out, m.positions());
      }
      case PeerMessage.Offer m -> log(out, 9, m.incarnation()).writeLong(m.last());
      case PeerMessage.Follow m -> {
        log(out, 10, m.incarnation()).writeLong(m.from()).writeLong(m.upTo());
        Digest before = m.before();
        out.writeByte(before == null ? 0 : 1);
        Fields.writeDigest(out, before == null ? Digest.ZERO : before);
      }
      case PeerMessage.Lost m -> log(out, 11, m.incarnation()).writeLong(m.from());
      case PeerMessage.Ship m ->
          Squeeze.pack(
              out.writeByte(12), m.frame().encode(), m.squeezed() && format < Packer.FORMAT);
      case PeerMessage.Credit m -> out.writeByte(13).writeLong(m.bytes());
      case PeerMessage.Receipt m -> {
        log(out, 14, m.incarnation()).writeLong(m.received()).writeLong(m.from());
        Fields.writeDigest(out.writeLong(m.synced()), m.chain());
        out.writeLong(m.applied());
      }
      case PeerMessage.Want m -> {
        out.writeByte(15).writeInt(m.ids().size());
        for (Digest id : m.ids()) Fields.writeDigest(out, id);
      }
      case PeerMessage.Versions m -> envelopes(out.writeByte(16), m.envelopes());
      case PeerMessage.Reconcile m -> session(out, 17, m.session()).writeSized(m.body());
      case PeerMessage.Push m -> envelopes(session(out, 18, m.session()), m.envelopes());
      case PeerMessage.PushCredit m -> session(out, 19, m.session()).writeLong(m.bytes());
      case PeerMessage.Dispute m -> {
        Fields.writeDigest(log(out, 20, m.incarnation()).writeLong(m.seq()), m.held());
        Fields.writeDigest(out, m.told());
      }
      case PeerMessage.Snapshot m -> snapshot(out, m, format);
    }
    return message instanceof PeerMessage.SnapshotPiece ? out.handOver() : out.toBytes();
  }

  /** A piece of a snapshot fits at once: it is copied once for this message. */
  private static int bytesExpected(PeerMessage message) {
    return message instanceof PeerMessage.SnapshotPiece piece ? piece.bytes().size() + 64 : 128;
  }

  /** The message in {@code bytes}; anything that {@link #encode} cannot have written is Invalid. */
  public static PeerMessage decode(Bytes bytes) {
    return decode(bytes, OLDEST);
  }

  /** The same of bytes in that format. */
  static PeerMessage decode(Bytes bytes, int format) {
    ByteReader in = new ByteReader(bytes, "peer message");
    PeerMessage message = decode(in, format);
    in.end();
    return message;
  }

  private static PeerMessage decode(ByteReader in, int format) {
    int kind = in.readByte();
    return switch (kind) {
      case 1 -> hello(in);
      case 2 -> new PeerMessage.Refuse(choice(in, REASONS), text(in));
      case 3 -> new PeerMessage.Ping(in.readLong(), rumours(in));
      case 4 -> new PeerMessage.Ack(in.readLong(), rumours(in));
      case 5 -> new PeerMessage.PingRequest(in.readLong(), NodeId.read(in));
      case 6 -> new PeerMessage.Nack(in.readLong());
      case 7 -> members(in, format);
      case 8 -> new PeerMessage.Facts(natural(in), facts(in, format), positions(in));
      case 9 -> new PeerMessage.Offer(Incarnation.read(in), natural(in));
      case 10 -> follow(in);
      case 11 -> new PeerMessage.Lost(Incarnation.read(in), seq(in));
      case 12 -> ship(in, format);
      case 13 -> new PeerMessage.Credit(natural(in));
      case 14 -> receipt(in);
      case 15 -> want(in);
      case 16 -> new PeerMessage.Versions(envelopes(in));
      case 17 -> new PeerMessage.Reconcile(in.readLong(), in.readSized(BODY_BYTES_MAX));
      case 18 -> new PeerMessage.Push(in.readLong(), envelopes(in));
      case 19 -> new PeerMessage.PushCredit(in.readLong(), natural(in));
      case 20 -> dispute(in);
      case 21 ->
          new PeerMessage.SnapshotAsk(
              in.readLong(), format < SEAL_FORMAT ? FileList.Check.SHA256 : FileList.Check.LATER);
      case 22 ->
          new PeerMessage.SnapshotList(
              in.readLong(), FileList.decode(in.readSized(FileList.BYTES_MAX)));
      case 23 -> new PeerMessage.SnapshotGet(in.readLong(), index(in), index(in));
      case 24 ->
          new PeerMessage.SnapshotPiece(
              in.readLong(),
              index(in),
              index(in),
              in.readSized(FileList.PIECE_BYTES_MAX),
              format < SEAL_FORMAT ? 0 : in.readLong());
      case 25 -> new PeerMessage.SnapshotEnd(in.readLong(), flag(in), text(in));
      case 26 -> tallies(in);
      case 27 -> new PeerMessage.Tallied(in.readLong());
      default -> throw in.invalid("kind " + kind + " is unknown");
    };
  }

  private static PeerMessage tallies(ByteReader in) {
    List<Long> sums = new ArrayList<>(Tally.BUCKETS);
    for (int i = 0; i < Tally.BUCKETS; i++) sums.add(in.readLong());
    return new PeerMessage.Tallies(new Tally(sums));
  }

  private static ByteWriter log(ByteWriter out, int kind, Incarnation incarnation) {
    incarnation.write(out.writeByte(kind));
    return out;
  }

  private static ByteWriter session(ByteWriter out, int kind, long session) {
    return out.writeByte(kind).writeLong(session);
  }

  private static void snapshot(ByteWriter out, PeerMessage.Snapshot message, int format) {
    switch (message) {
      case PeerMessage.SnapshotAsk m -> session(out, 21, m.session());
      case PeerMessage.SnapshotList m ->
          session(out, 22, m.session()).writeSized(m.list().encode());
      case PeerMessage.SnapshotGet m ->
          session(out, 23, m.session()).writeInt(m.file()).writeInt(m.piece());
      case PeerMessage.SnapshotPiece m -> {
        session(out, 24, m.session()).writeInt(m.file()).writeInt(m.piece()).writeSized(m.bytes());
        if (format >= SEAL_FORMAT) out.writeLong(m.seal());
      }
      case PeerMessage.SnapshotEnd m ->
          text(session(out, 25, m.session()).writeByte(m.busy() ? 1 : 0), m.reason());
    }
  }

  private static int index(ByteReader in) {
    int index = in.readInt();
    if (index < 0) throw in.invalid("an index below 0");
    return index;
  }

  private static void hello(ByteWriter out, PeerMessage.Hello hello) {
    out.writeInt(MAGIC).writeByte(hello.card().formatMin()).writeByte(hello.card().formatMax());
    hello.cluster().write(out);
    out.writeByte(hello.settled() ? 1 : 0).writeLong(hello.refutation());
    card(out, hello.card());
  }

  private static PeerMessage.Hello hello(ByteReader in) {
    if (in.readInt() != MAGIC) throw in.invalid("is no kdelta hello");
    int formatMin = in.readByte();
    int formatMax = in.readByte();
    ClusterId cluster = ClusterId.read(in);
    boolean settled = flag(in);
    long refutation = natural(in);
    Member.Card card = card(in);
    if (card.formatMin() != formatMin || card.formatMax() != formatMax) {
      throw in.invalid("two format ranges");
    }
    return new PeerMessage.Hello(cluster, settled, refutation, card);
  }

  private static void members(ByteWriter out, PeerMessage.Members members, int format) {
    out.writeByte(members.answer() ? 1 : 0).writeByte(KNOWLEDGE.indexOf(members.knowledge()));
    out.writeInt(members.entries().size());
    for (PeerMessage.Members.Entry entry : members.entries()) {
      rumour(out, entry.rumour());
      facts(out.writeLong(entry.life()), entry.facts(), format);
    }
  }

  private static PeerMessage.Members members(ByteReader in, int format) {
    boolean answer = flag(in);
    PeerMessage.Members.Knowledge knowledge = choice(in, KNOWLEDGE);
    int count = in.readCount(RUMOUR_BYTES_MIN);
    if (count > MEMBERS_MAX) throw in.invalid(count + " members");
    List<PeerMessage.Members.Entry> entries = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      entries.add(new PeerMessage.Members.Entry(rumour(in), natural(in), facts(in, format)));
    }
    return new PeerMessage.Members(answer, knowledge, entries);
  }

  private static PeerMessage.Follow follow(ByteReader in) {
    Incarnation incarnation = Incarnation.read(in);
    long from = seq(in);
    long upTo = seq(in);
    if (upTo < from) throw in.invalid("positions " + from + " to " + upTo);
    boolean known = flag(in);
    Digest before = Fields.readDigest(in);
    return new PeerMessage.Follow(incarnation, from, upTo, known ? before : null);
  }

  private static PeerMessage.Ship ship(ByteReader in, int format) {
    Squeeze.Unpacked unpacked = Squeeze.unpack(in);
    // Nothing is packed twice: a bomb could hide in a bomb.
    if (unpacked.squeezed() && format >= Packer.FORMAT) {
      throw in.invalid("a body packed for itself");
    }
    return new PeerMessage.Ship(Frame.decode(unpacked.body()), unpacked.squeezed());
  }

  private static PeerMessage dispute(ByteReader in) {
    Incarnation log = Incarnation.read(in);
    long seq = seq(in);
    Digest held = Fields.readDigest(in);
    return new PeerMessage.Dispute(log, seq, held, Fields.readDigest(in));
  }

  private static PeerMessage.Receipt receipt(ByteReader in) {
    Incarnation incarnation = Incarnation.read(in);
    long received = natural(in);
    long from = seq(in);
    long synced = seq(in);
    if (synced < from || synced > received || received == Long.MAX_VALUE) {
      throw in.invalid("a receipt from " + from + " to " + synced + " of " + received);
    }
    Digest chain = Fields.readDigest(in);
    return new PeerMessage.Receipt(incarnation, received, from, synced, chain, natural(in));
  }

  private static PeerMessage.Want want(ByteReader in) {
    int count = in.readCount(Digest.SIZE);
    if (count > WANT_MAX) throw in.invalid(count + " ids");
    List<Digest> ids = new ArrayList<>(count);
    for (int i = 0; i < count; i++) ids.add(Fields.readDigest(in));
    return new PeerMessage.Want(ids);
  }

  private static void envelopes(ByteWriter out, List<Envelope> envelopes) {
    out.writeInt(envelopes.size());
    for (Envelope envelope : envelopes) out.writeSized(envelope.encode());
  }

  private static List<Envelope> envelopes(ByteReader in) {
    int count = in.readCount(Integer.BYTES);
    if (count > ENVELOPES_MAX) throw in.invalid(count + " versions");
    List<Envelope> envelopes = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      envelopes.add(Envelope.decode(in.readSized(Envelope.BYTES_MAX)));
    }
    return List.copyOf(envelopes);
  }

  private static void rumours(ByteWriter out, List<PeerMessage.Rumour> rumours) {
    out.writeByte(rumours.size());
    for (PeerMessage.Rumour rumour : rumours) rumour(out, rumour);
  }

  private static List<PeerMessage.Rumour> rumours(ByteReader in) {
    int count = in.readByte();
    if (count > RUMOURS_MAX) throw in.invalid(count + " rumours");
    List<PeerMessage.Rumour> rumours = new ArrayList<>(count);
    for (int i = 0; i < count; i++) rumours.add(rumour(in));
    return List.copyOf(rumours);
  }

  /** Writes one rumour of the table above. */
  static void rumour(ByteWriter out, PeerMessage.Rumour rumour) {
    card(out, rumour.card());
    out.writeByte(STATES.indexOf(rumour.state())).writeLong(rumour.refutation());
    rumour.accuser().write(out);
  }

  /** Reads one rumour of the table above. */
  static PeerMessage.Rumour rumour(ByteReader in) {
    return new PeerMessage.Rumour(card(in), choice(in, STATES), natural(in), NodeId.read(in));
  }

  private static void card(ByteWriter out, Member.Card card) {
    card.node().write(out);
    text(out, card.name());
    out.writeByte(card.addresses().size());
    for (String address : card.addresses()) text(out, address);
    text(out, card.http());
    text(out, card.zone());
    text(out, card.software());
    out.writeByte(card.formatMin()).writeByte(card.formatMax());
  }

  private static Member.Card card(ByteReader in) {
    NodeId node = NodeId.read(in);
    if (node.equals(NodeId.NONE)) throw in.invalid("a member without id");
    String name = text(in);
    int count = in.readByte();
    if (count > Member.ADDRESSES_MAX) throw in.invalid(count + " addresses");
    List<String> addresses = new ArrayList<>(count);
    for (int i = 0; i < count; i++) addresses.add(text(in));
    return new Member.Card(
        node, name, addresses, text(in), text(in), text(in), in.readByte(), in.readByte());
  }

  private static void facts(ByteWriter out, Member.Facts facts, int format) {
    out.writeLong(facts.number()).writeByte(STAGES.indexOf(facts.stage()));
    Fields.writeDigest(out, facts.root());
    out.writeLong(facts.keys()).writeLong(facts.keysEver());
    out.writeLong(facts.versions()).writeLong(facts.diskBytes());
    if (format >= LOAD_FORMAT) out.writeByte(facts.load());
  }

  private static Member.Facts facts(ByteReader in, int format) {
    long number = natural(in);
    Member.Stage stage = choice(in, STAGES);
    Digest root = Fields.readDigest(in);
    long keys = natural(in);
    long keysEver = natural(in);
    long versions = natural(in);
    long diskBytes = natural(in);
    int load = format < LOAD_FORMAT ? 0 : in.readByte();
    if (load > Member.Facts.LOAD_MAX) throw in.invalid("a load of " + load);
    return new Member.Facts(number, stage, root, keys, keysEver, versions, diskBytes, load);
  }

  private static void positions(ByteWriter out, SortedMap<Incarnation, Intervals> positions) {
    out.writeInt(positions.size());
    for (Map.Entry<Incarnation, Intervals> entry : positions.entrySet()) {
      entry.getKey().write(out);
      entry.getValue().write(out);
    }
  }

  private static SortedMap<Incarnation, Intervals> positions(ByteReader in) {
    int count = in.readCount(Incarnation.SIZE + Integer.BYTES);
    if (count > POSITIONS_MAX) throw in.invalid(count + " incarnations");
    TreeMap<Incarnation, Intervals> positions = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      Incarnation incarnation = Incarnation.read(in);
      if (!positions.isEmpty() && incarnation.compareTo(positions.lastKey()) <= 0) {
        throw in.invalid("incarnations out of order");
      }
      positions.put(incarnation, Intervals.read(in));
    }
    return positions;
  }

  private static void text(ByteWriter out, String text) {
    Fields.writeShortest(out, Bytes.utf8(text));
  }

  private static String text(ByteReader in) {
    Bytes bytes = Fields.readShortest(in);
    String text = bytes.utf8();
    // Malformed UTF-8 would be replaced silently, and the text would grow on its way from node to
    // node beyond what its field can hold.
    if (!Bytes.utf8(text).equals(bytes)) throw in.invalid("text is not UTF-8");
    return text;
  }

  private static boolean flag(ByteReader in) {
    int value = in.readByte();
    if (value > 1) throw in.invalid("flag " + value);
    return value == 1;
  }

  private static long natural(ByteReader in) {
    long value = in.readLong();
    if (value < 0) throw in.invalid("a number above 2^63");
    return value;
  }

  private static long seq(ByteReader in) {
    long value = natural(in);
    if (value == 0) throw in.invalid("position 0");
    return value;
  }

  private static <T> T choice(ByteReader in, List<T> choices) {
    int index = in.readByte();
    if (index >= choices.size()) throw in.invalid("choice " + index + " of " + choices.size());
    return choices.get(index);
  }
}
