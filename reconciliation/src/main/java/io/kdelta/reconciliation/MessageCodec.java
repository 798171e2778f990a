package io.kdelta.reconciliation;

import io.kdelta.reconciliation.ByteSource.Malformed;
import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Message.Cells;
import io.kdelta.reconciliation.Message.Done;
import io.kdelta.reconciliation.Message.Dots;
import io.kdelta.reconciliation.Message.Fail;
import io.kdelta.reconciliation.Message.Filter;
import io.kdelta.reconciliation.Message.Leaf;
import io.kdelta.reconciliation.Message.More;
import io.kdelta.reconciliation.Message.Over;
import io.kdelta.reconciliation.Message.Root;
import io.kdelta.reconciliation.Message.Same;
import io.kdelta.reconciliation.Message.State;
import io.kdelta.reconciliation.Message.Tree;
import io.kdelta.reconciliation.Message.Want;
import java.util.ArrayList;
import java.util.List;

/**
 * The bytes of the messages. Stateless apart from the limits; decoding checks every length before
 * it makes room, and takes one form of each message only.
 *
 * <p>Integers little-endian, {@code v} = varint (LEB128, shortest form, below 2^63), digest and
 * name = their bytes in order, list = {@code v} count, then the entries. A frame is as long as who
 * carries it says.
 *
 * <pre>
 * frame    u8 type | body; SAME without dots is the frame of no bytes
 *  1 ROOT  digest root | dots
 *  2 SAME  dots
 *  3 STATE v count | digest root | v floor | v key epoch | name nonce | v n | n cells, 8 bytes each
 *          | list of digest, refused | samples, as many as the count asks for | dots
 *  4 DOTS  dots
 *  5 CELLS key | v from | v end | cells of this part, 8 bytes each, to the end of the frame
 *  6 MORE  key | v from | v n
 *  7 FILTER place | u64 hash | name nonce | v items | v differences | u8 hashes | v size | v offset
 *          | bytes of the filter, to the end of the frame
 *  8 WANT  u8 kind (0 ids, 1 epoch, 2 session) | u8 width | u8 keyed bits, unless ids | v count
 *          | rice code of the entries, see RiceCode | list of digest, whole ids
 * 10 DONE  digest root | v pushing | list of digest, refused | v left out
 * 11 TREE  u8 bytes a hash, 8 or 32 | list of (place | u16 present | the hashes)
 * 12 LEAF  list of (place | list of digest, ascending)
 * 13 OVER  v pushing | list of digest, refused
 * 14 FAIL  u8 code
 * dots     see DotCodec
 * key      u8 0 = of the epoch | u8 1 = of the session, then place
 * place    u8 depth in nibbles | ceil(depth / 2) bytes, an unused last nibble is zero
 * </pre>
 *
 * Type 9 is kept for the driver's VERSIONS. The first protocol without cells had other frames (a
 * length behind the type); what follows it takes its place, and a peer that still speaks it is
 * answered with FAIL, as with any bytes that are no message.
 */
public final class MessageCodec {
  private static final int ROOT = 1;
  private static final int SAME = 2;
  private static final int STATE = 3;
  private static final int DOTS = 4;
  private static final int CELLS = 5;
  private static final int MORE = 6;
  private static final int FILTER = 7;
  private static final int WANT = 8;
  private static final int DONE = 10;
  private static final int TREE = 11;
  private static final int LEAF = 12;
  private static final int OVER = 13;
  private static final int FAIL = 14;

  private static final int CELL_SIZE = 8;
  private static final long COUNT_MAX = 1L << 48;

  private final Limits limits;

  /** A codec that takes and makes nothing above {@code limits}. */
  public MessageCodec(Limits limits) {
    this.limits = limits;
  }

  /** The bytes of {@code message}; one that breaks the limits is our own error. */
  public byte[] encode(Message message) {
    if (message instanceof Same(DotReport dots) && dots.isEmpty()) return new byte[0];
    ByteSink frame = new ByteSink(256);
    frame.u8(type(message));
    body(frame, message);
    if (frame.size() > limits.frameBytesMax()) {
      throw new AssertionError("a frame of " + frame.size() + " bytes");
    }
    return frame.toBytes();
  }

  /** What a peer sent: a message, or garbage and why. Never throws, whatever the bytes. */
  public Input decode(byte[] frame) {
    if (frame.length > limits.frameBytesMax()) return new Input.Garbled("too long");
    if (frame.length == 0) return new Input.Heard(new Same(DotReport.NONE));
    ByteSource source = new ByteSource(frame);
    try {
      Message message = message(source.u8(), source);
      source.end();
      return new Input.Heard(message);
    } catch (Malformed e) {
      return new Input.Garbled(String.valueOf(e.getMessage()));
    }
  }

  private static int type(Message message) {
    return switch (message) {
      case Root _ -> ROOT;
      case Same _ -> SAME;
      case State _ -> STATE;
      case Dots _ -> DOTS;
      case Cells _ -> CELLS;
      case More _ -> MORE;
      case Filter _ -> FILTER;
      case Want _ -> WANT;
      case Done _ -> DONE;
      case Tree _ -> TREE;
      case Leaf _ -> LEAF;
      case Over _ -> OVER;
      case Fail _ -> FAIL;
    };
  }

  private static void body(ByteSink sink, Message message) {
    switch (message) {
      case Root(Digest root, DotReport dots) -> {
        sink.digest(root);
        DotCodec.write(sink, dots);
      }
      case Same(DotReport dots) -> DotCodec.write(sink, dots);
      case State state -> writeState(sink, state);
      case Dots(DotReport dots) -> DotCodec.write(sink, dots);
      case Cells(Prefix scope, boolean fresh, int from, int end, Octets cells) -> {
        writeKey(sink, scope, fresh);
        sink.varint(from);
        sink.varint(end);
        sink.octets(cells);
      }
      case More(Prefix scope, boolean fresh, int from, int count) -> {
        writeKey(sink, scope, fresh);
        sink.varint(from);
        sink.varint(count);
      }
      case Filter filter -> writeFilter(sink, filter);
      case Want(Want.Kind kind, int width, int keyed, List<Long> cut, List<Digest> whole) -> {
        sink.u8(kind == Want.Kind.IDS ? 0 : kind == Want.Kind.EPOCH ? 1 : 2);
        sink.u8(width);
        if (kind != Want.Kind.IDS) sink.u8(keyed);
        sink.varint(cut.size());
        RiceCode.write(sink, width, cut);
        writeDigests(sink, whole);
      }
      case Done(Digest root, long pushing, List<Digest> refused, long left) -> {
        sink.digest(root);
        sink.varint(pushing);
        writeDigests(sink, refused);
        sink.varint(left);
      }
      case Tree tree -> writeTree(sink, tree);
      case Leaf(List<Leaf.Bucket> buckets) -> {
        sink.varint(buckets.size());
        for (Leaf.Bucket bucket : buckets) {
          writePlace(sink, bucket.place());
          writeDigests(sink, bucket.digests());
        }
      }
      case Over(long pushing, List<Digest> refused) -> {
        sink.varint(pushing);
        writeDigests(sink, refused);
      }
      case Fail(Fail.Code code) -> sink.u8(code.number());
    }
  }

  private static void writeState(ByteSink sink, State state) {
    sink.varint(state.count());
    sink.digest(state.root());
    sink.varint(state.floor());
    sink.varint(state.epoch());
    writeName(sink, state.nonce());
    sink.varint(state.cells().size() / CELL_SIZE);
    sink.octets(state.cells());
    writeDigests(sink, state.refused());
    sink.octets(state.samples());
    DotCodec.write(sink, state.dots());
  }

  private static void writeFilter(ByteSink sink, Filter filter) {
    writePlace(sink, filter.scope());
    sink.u64(filter.hash());
    writeName(sink, filter.nonce());
    sink.varint(filter.items());
    sink.varint(filter.differences());
    sink.u8(filter.hashes());
    sink.varint(filter.size());
    sink.varint(filter.offset());
    sink.octets(filter.part());
  }

  private static void writeKey(ByteSink sink, Prefix scope, boolean fresh) {
    sink.u8(fresh ? 1 : 0);
    if (fresh) writePlace(sink, scope);
  }

  private static void writeTree(ByteSink sink, Tree tree) {
    sink.u8(tree.hashSize());
    sink.varint(tree.nodes().size());
    for (Tree.Node node : tree.nodes()) {
      writePlace(sink, node.place());
      sink.u16(node.present());
      for (Digest hash : node.hashes()) {
        if (tree.hashSize() == Tree.SHORT) {
          sink.word(hash.first());
        } else {
          sink.digest(hash);
        }
      }
    }
  }

  private static void writePlace(ByteSink sink, Prefix place) {
    sink.u8(place.depth());
    for (int nibble = 0; nibble < place.depth(); nibble += 2) {
      int low = nibble + 1 < place.depth() ? place.bits().nibble(nibble + 1) : 0;
      sink.u8((place.bits().nibble(nibble) << 4) | low);
    }
  }

  private static void writeName(ByteSink sink, Name name) {
    sink.word(name.high());
    sink.word(name.low());
  }

  private static void writeDigests(ByteSink sink, List<Digest> digests) {
    sink.varint(digests.size());
    for (Digest digest : digests) sink.digest(digest);
  }

  private Message message(int type, ByteSource source) {
    return switch (type) {
      case ROOT -> new Root(source.digest(), DotCodec.read(source, limits));
      case SAME -> {
        if (source.left() == 0) throw new Malformed("a long way to say nothing");
        yield new Same(DotCodec.read(source, limits));
      }
      case STATE -> state(source);
      case DOTS -> new Dots(DotCodec.read(source, limits));
      case CELLS -> cells(source);
      case MORE -> {
        boolean fresh = isFresh(source);
        Prefix scope = fresh ? place(source) : Prefix.ALL;
        int from = (int) source.varint(limits.cellsMax());
        int count = (int) source.varint(limits.cellsMax());
        if (count == 0) throw new Malformed("asks for no cell");
        yield new More(scope, fresh, from, count);
      }
      case FILTER -> filter(source);
      case WANT -> want(source);
      case DONE -> {
        Digest root = source.digest();
        long pushing = source.varint(COUNT_MAX);
        List<Digest> refused = digests(source, limits.refusedMax());
        yield new Done(root, pushing, refused, source.varint(COUNT_MAX));
      }
      case TREE -> tree(source);
      case LEAF -> leaf(source);
      case OVER -> new Over(source.varint(COUNT_MAX), digests(source, limits.refusedMax()));
      case FAIL -> {
        Fail.Code code = Fail.Code.of(source.u8());
        if (code == null) throw new Malformed("no such code");
        yield new Fail(code);
      }
      default -> throw new Malformed("type " + type);
    };
  }

  private State state(ByteSource source) {
    long count = source.varint(COUNT_MAX);
    Digest root = source.digest();
    long floor = source.varint(Long.MAX_VALUE);
    long epoch = source.varint(Long.MAX_VALUE);
    Name nonce = name(source);
    int cells = source.count(EpochCells.COUNT, CELL_SIZE);
    Octets words = source.octets(cells * CELL_SIZE);
    List<Digest> refused = digests(source, limits.refusedMax());
    Octets samples = source.octets(DifferenceEstimator.samples(count));
    DotReport dots = DotCodec.read(source, limits);
    return new State(count, root, floor, epoch, nonce, words, refused, samples, dots);
  }

  private Cells cells(ByteSource source) {
    boolean fresh = isFresh(source);
    Prefix scope = fresh ? place(source) : Prefix.ALL;
    int from = (int) source.varint(limits.cellsMax());
    int end = (int) source.varint(limits.cellsMax());
    int bytes = source.left();
    if (bytes % CELL_SIZE != 0 || bytes / CELL_SIZE > end - from) throw new Malformed("cells");
    if (bytes == 0 && end != from) throw new Malformed("an empty part");
    return new Cells(scope, fresh, from, end, source.octets(bytes));
  }

  private static boolean isFresh(ByteSource source) {
    int key = source.u8();
    if (key > 1) throw new Malformed("no such key");
    return key == 1;
  }

  private Filter filter(ByteSource source) {
    Prefix scope = place(source);
    long hash = source.u64();
    Name nonce = name(source);
    long items = source.varint(COUNT_MAX);
    long differences = source.varint(COUNT_MAX);
    int hashes = source.u8();
    int size = (int) source.varint(limits.filterBytesMax());
    if (!BloomFilter.isValid(hashes, size)) throw new Malformed("no such filter");
    int offset = (int) source.varint(size);
    int part = source.left();
    if (part > size - offset) throw new Malformed("a part too long");
    if (part == 0 && size != 0) throw new Malformed("an empty part");
    return new Filter(
        scope, hash, nonce, items, differences, hashes, size, offset, source.octets(part));
  }

  private Want want(ByteSource source) {
    Want.Kind kind =
        switch (source.u8()) {
          case 0 -> Want.Kind.IDS;
          case 1 -> Want.Kind.EPOCH;
          case 2 -> Want.Kind.FRESH;
          default -> throw new Malformed("no such kind");
        };
    int width = source.u8();
    int widthMax = kind == Want.Kind.IDS ? RiceCode.WIDTH_MAX : CellCode.NAME_BITS;
    if (width < RiceCode.WIDTH_MIN || width > widthMax) throw new Malformed("width");
    int keyed = kind == Want.Kind.IDS ? 0 : source.u8();
    boolean fits = keyed <= CellCode.KEYED_BITS && width - keyed <= CellCode.ID_BITS;
    if (kind != Want.Kind.IDS && (!fits || keyed > width)) throw new Malformed("keyed bits");
    int count = (int) source.varint(limits.wantEntriesMax());
    // An entry takes one bit or more, so the bytes left bound the room that is made.
    if (count > 8L * source.left()) throw new Malformed("more entries than bits");
    List<Long> cut = RiceCode.read(source, width, count);
    List<Digest> whole = ascending(digests(source, limits.wantEntriesMax()));
    if (cut.isEmpty() && whole.isEmpty()) throw new Malformed("asks for nothing");
    return new Want(kind, width, keyed, cut, whole);
  }

  private Tree tree(ByteSource source) {
    int hashSize = source.u8();
    if (hashSize != Tree.SHORT && hashSize != Tree.WHOLE) throw new Malformed("size of a hash");
    int count = source.count(limits.treeNodesMax(), 3 + hashSize);
    if (count == 0) throw new Malformed("no node");
    List<Tree.Node> nodes = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Prefix place = place(source);
      int present = source.u16();
      if (present == 0 || place.depth() == Digest.NIBBLES) throw new Malformed("no inner node");
      List<Digest> hashes = new ArrayList<>(Integer.bitCount(present));
      for (int left = Integer.bitCount(present); left > 0; left--) {
        hashes.add(hashSize == Tree.SHORT ? new Digest(source.word(), 0, 0, 0) : source.digest());
      }
      nodes.add(new Tree.Node(place, present, hashes));
    }
    return new Tree(hashSize, nodes);
  }

  private Leaf leaf(ByteSource source) {
    int count = source.count(limits.frameBytesMax(), 2);
    if (count == 0) throw new Malformed("no bucket");
    List<Leaf.Bucket> buckets = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Prefix place = place(source);
      List<Digest> digests = ascending(digests(source, MerkleTree.LEAF_MAX));
      for (Digest digest : digests) {
        if (!place.holds(digest)) throw new Malformed("a digest outside its place");
      }
      buckets.add(new Leaf.Bucket(place, digests));
    }
    return new Leaf(buckets);
  }

  private static Prefix place(ByteSource source) {
    int depth = source.u8();
    if (depth > Digest.NIBBLES) throw new Malformed("depth " + depth);
    byte[] bits = new byte[Digest.SIZE];
    for (int i = 0; i < (depth + 1) / 2; i++) bits[i] = (byte) source.u8();
    Digest digest = Digest.fromBytes(bits);
    Prefix place = new Prefix(digest, depth);
    if (!place.bits().equals(digest)) throw new Malformed("bits behind the place");
    return place;
  }

  private static Name name(ByteSource source) {
    return new Name(source.word(), source.word());
  }

  private static List<Digest> digests(ByteSource source, int max) {
    int count = source.count(max, Digest.SIZE);
    List<Digest> digests = new ArrayList<>(count);
    for (int i = 0; i < count; i++) digests.add(source.digest());
    return digests;
  }

  private static List<Digest> ascending(List<Digest> digests) {
    for (int i = 1; i < digests.size(); i++) {
      if (digests.get(i - 1).compareTo(digests.get(i)) >= 0) throw new Malformed("out of order");
    }
    return digests;
  }
}
