package io.kdelta.reconciliation;

import io.kdelta.reconciliation.ByteSource.Malformed;
import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import io.kdelta.reconciliation.Message.Done;
import io.kdelta.reconciliation.Message.Fail;
import io.kdelta.reconciliation.Message.Filter;
import io.kdelta.reconciliation.Message.Leaf;
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
 * name = their bytes in order, list = {@code v} count, then the entries.
 *
 * <pre>
 * frame    u8 type | v length of the body | body
 *  1 ROOT  digest root | dots
 *  2 SAME  dots
 *  3 STATE v count | digest root | u64 floor | u64 key epoch (0) | name nonce | dots
 *          | v cells (0, their rung is not built yet) | list of digest, refused | v n | n samples
 *  7 FILTER name nonce | v items | u8 hashes | v size | v offset | v n | n bytes of the filter
 *  8 WANT  u8 width | v count | rice code of the cut ids, see RiceCode | list of digest, whole ids
 * 10 DONE  digest root | v pushing | list of digest, refused | v left out
 * 11 TREE  u8 bytes a hash, 8 or 32 | list of (place | u16 present | the hashes)
 * 12 LEAF  list of (place | list of digest, ascending)
 * 13 OVER  v pushing | list of digest, refused
 * 14 FAIL  u8 code
 * dots     list of (u8 0 = named in full | name incarnation | u32 chain prefix
 *          | list of runs: v gap before, v length), gaps and lengths from 1 on; the first gap is
 *          the first position
 * place    u8 depth in nibbles | ceil(depth / 2) bytes, an unused last nibble is zero
 * </pre>
 *
 * Types 4, 5, 6 and 9 are kept for DOTS, CELLS, MORE and the driver's VERSIONS.
 */
public final class MessageCodec {
  private static final int ROOT = 1;
  private static final int SAME = 2;
  private static final int STATE = 3;
  private static final int FILTER = 7;
  private static final int WANT = 8;
  private static final int DONE = 10;
  private static final int TREE = 11;
  private static final int LEAF = 12;
  private static final int OVER = 13;
  private static final int FAIL = 14;

  /** Type, and a length below 2^28. */
  private static final int HEADER_SIZE_MAX = 1 + 4;

  private static final int NAMED_IN_FULL = 0;
  private static final int WRITER_SIZE_MIN = 1 + Name.SIZE + 4 + 1 + 2;
  private static final long COUNT_MAX = 1L << 48;

  private final Limits limits;

  /** A codec that takes and makes nothing above {@code limits}. */
  public MessageCodec(Limits limits) {
    this.limits = limits;
  }

  /** The bytes of {@code message}; one that breaks the limits is our own error. */
  public byte[] encode(Message message) {
    ByteSink body = new ByteSink(256);
    int type = body(body, message);
    ByteSink frame = new ByteSink(HEADER_SIZE_MAX + body.size());
    frame.u8(type);
    frame.varint(body.size());
    frame.append(body);
    if (frame.size() > limits.frameBytesMax()) {
      throw new AssertionError("a frame of " + frame.size() + " bytes, type " + type);
    }
    return frame.toBytes();
  }

  /** What a peer sent: a message, or garbage and why. Never throws, whatever the bytes. */
  public Input decode(byte[] frame) {
    if (frame.length > limits.frameBytesMax()) return new Input.Garbled("too long");
    ByteSource source = new ByteSource(frame);
    try {
      int type = source.u8();
      long length = source.varint(limits.frameBytesMax());
      if (length != source.left()) throw new Malformed("length of the frame");
      Message message = message(type, source);
      source.end();
      return new Input.Heard(message);
    } catch (Malformed e) {
      return new Input.Garbled(String.valueOf(e.getMessage()));
    }
  }

  private static int body(ByteSink sink, Message message) {
    switch (message) {
      case Root(Digest root, DotSummary dots) -> {
        sink.digest(root);
        writeDots(sink, dots);
        return ROOT;
      }
      case Same(DotSummary dots) -> {
        writeDots(sink, dots);
        return SAME;
      }
      case State state -> {
        writeState(sink, state);
        return STATE;
      }
      case Filter filter -> {
        writeName(sink, filter.nonce());
        sink.varint(filter.items());
        sink.u8(filter.hashes());
        sink.varint(filter.size());
        sink.varint(filter.offset());
        writeOctets(sink, filter.part());
        return FILTER;
      }
      case Want(int width, List<Long> cut, List<Digest> whole) -> {
        sink.u8(width);
        sink.varint(cut.size());
        RiceCode.write(sink, width, cut);
        writeDigests(sink, whole);
        return WANT;
      }
      case Done(Digest root, long pushing, List<Digest> refused, long left) -> {
        sink.digest(root);
        sink.varint(pushing);
        writeDigests(sink, refused);
        sink.varint(left);
        return DONE;
      }
      case Tree tree -> {
        writeTree(sink, tree);
        return TREE;
      }
      case Leaf(List<Leaf.Bucket> buckets) -> {
        sink.varint(buckets.size());
        for (Leaf.Bucket bucket : buckets) {
          writePlace(sink, bucket.place());
          writeDigests(sink, bucket.digests());
        }
        return LEAF;
      }
      case Over(long pushing, List<Digest> refused) -> {
        sink.varint(pushing);
        writeDigests(sink, refused);
        return OVER;
      }
      case Fail(Fail.Code code) -> {
        sink.u8(code.number());
        return FAIL;
      }
    }
  }

  private static void writeState(ByteSink sink, State state) {
    sink.varint(state.count());
    sink.digest(state.root());
    sink.u64(state.floor());
    sink.u64(0);
    writeName(sink, state.nonce());
    writeDots(sink, state.dots());
    sink.varint(0);
    writeDigests(sink, state.refused());
    writeOctets(sink, state.samples());
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

  private static void writeDots(ByteSink sink, DotSummary dots) {
    sink.varint(dots.writers().size());
    for (Writer writer : dots.writers()) {
      sink.u8(NAMED_IN_FULL);
      writeName(sink, writer.incarnation());
      sink.u32(writer.chainPrefix());
      sink.varint(writer.runs().size());
      long last = 0;
      for (Run run : writer.runs()) {
        sink.varint(run.first() - last);
        sink.varint(run.last() - run.first() + 1);
        last = run.last();
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

  private static void writeOctets(ByteSink sink, Octets octets) {
    sink.varint(octets.size());
    sink.octets(octets);
  }

  private Message message(int type, ByteSource source) {
    return switch (type) {
      case ROOT -> new Root(source.digest(), dots(source));
      case SAME -> new Same(dots(source));
      case STATE -> state(source);
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
    long floor = source.u64();
    if (source.u64() != 0) throw new Malformed("key epoch");
    Name nonce = name(source);
    DotSummary dots = dots(source);
    if (source.varint(0) != 0) throw new Malformed("cells");
    List<Digest> refused = digests(source, limits.refusedMax());
    int samples = source.count(DifferenceEstimator.SAMPLES_MAX, 1);
    if (samples != DifferenceEstimator.samples(count)) throw new Malformed("samples");
    return new State(count, root, floor, nonce, dots, refused, source.octets(samples));
  }

  private Filter filter(ByteSource source) {
    Name nonce = name(source);
    long items = source.varint(COUNT_MAX);
    int hashes = source.u8();
    int size = (int) source.varint(limits.filterBytesMax());
    if (!BloomFilter.isValid(hashes, size)) throw new Malformed("no such filter");
    int offset = (int) source.varint(size);
    int part = source.count(size - offset, 1);
    if (part == 0 && size != 0) throw new Malformed("an empty part");
    return new Filter(nonce, items, hashes, size, offset, source.octets(part));
  }

  private Want want(ByteSource source) {
    int width = source.u8();
    if (width < RiceCode.WIDTH_MIN || width > RiceCode.WIDTH_MAX) throw new Malformed("width");
    int count = (int) source.varint(limits.wantEntriesMax());
    // An entry takes one bit or more, so the bytes left bound the room that is made.
    if (count > 8L * source.left()) throw new Malformed("more entries than bits");
    List<Long> cut = RiceCode.read(source, width, count);
    List<Digest> whole = ascending(digests(source, limits.wantEntriesMax()));
    if (cut.isEmpty() && whole.isEmpty()) throw new Malformed("asks for nothing");
    return new Want(width, cut, whole);
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

  private DotSummary dots(ByteSource source) {
    int count = source.count(limits.writersMax(), WRITER_SIZE_MIN);
    List<Writer> writers = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      if (source.u8() != NAMED_IN_FULL) throw new Malformed("a reference to no table");
      Name incarnation = name(source);
      if (i > 0 && writers.getLast().incarnation().compareTo(incarnation) >= 0) {
        throw new Malformed("writers out of order");
      }
      int chainPrefix = source.u32();
      writers.add(new Writer(incarnation, chainPrefix, runs(source)));
    }
    return new DotSummary(writers);
  }

  private List<Run> runs(ByteSource source) {
    int count = source.count(limits.frameBytesMax(), 2);
    if (count == 0) throw new Malformed("a writer without positions");
    List<Run> runs = new ArrayList<>(count);
    long last = 0;
    for (int i = 0; i < count; i++) {
      long gap = source.varint(COUNT_MAX);
      long length = source.varint(COUNT_MAX);
      // Runs that touch would be one run.
      if (gap < (i == 0 ? 1 : 2) || length < 1) throw new Malformed("an empty run or gap");
      if (last > COUNT_MAX) throw new Malformed("a position out of range");
      runs.add(new Run(last + gap, last + gap + length - 1));
      last += gap + length - 1;
    }
    return runs;
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
