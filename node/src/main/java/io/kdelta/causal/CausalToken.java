package io.kdelta.causal;

import io.kdelta.causal.Intervals.Range;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What a client has seen or written: places in logs. A node that holds all of them answers nothing
 * older than what the client knows.
 *
 * <p>An immutable value for any thread. Logs are named by the first eight bytes of their
 * incarnation. Invariant: what {@link #encode} gives is at most {@link #BYTES_MAX} long; see {@link
 * #fitted}. Nothing at all is no byte at all.
 *
 * <p>Layout, little-endian; a varint has seven bits a byte, the lowest first, and its high bit says
 * that more follow:
 *
 * <pre>
 * 0   1  format, 1
 * 1   1  flags: 1 partial, 2 folded
 * 2   8  cluster: the first eight bytes of its id
 * 10  2  count of logs
 * each log, ascending by name as a signed big-endian number:
 *     8  name: the first eight bytes of the incarnation
 *     v  count of ranges, at least 1
 *     each range, ascending, with a gap between one and the next:
 *     v  positions skipped before it, less one behind another range
 *     v  positions in it, less one
 * end 4  CRC32C of all before
 * </pre>
 */
public final class CausalToken {
  /** The longest token, in bytes. */
  public static final int BYTES_MAX = 4_096;

  /** Names nothing. */
  public static final CausalToken NONE = new CausalToken(0, false, new TreeMap<>());

  private static final int FORMAT = 1;
  private static final int PARTIAL = 1;
  private static final int FOLDED = 2;
  private static final int HEAD_BYTES = 12;
  private static final int LOG_BYTES_MIN = 11;
  private static final String NAME = "causal token";

  private final long cluster;
  private final boolean partial;
  private final boolean folded;
  private final SortedMap<Long, Intervals> logs;

  /** What it was decoded from, or was encoded to; a race makes the same bytes twice. */
  private @Nullable Bytes encoded;

  /**
   * Copies the map.
   *
   * @param cluster the first eight bytes of the id of the cluster whose logs it names
   * @param partial whether something the client saw had no room in it
   * @param logs places by the name of their log; those without a place are left out
   */
  public CausalToken(long cluster, boolean partial, SortedMap<Long, Intervals> logs) {
    this(cluster, partial, false, copy(logs), null);
  }

  /** Takes a map over that nobody else has, and that has no empty places. */
  private CausalToken(
      long cluster,
      boolean partial,
      boolean folded,
      NavigableMap<Long, Intervals> logs,
      @Nullable Bytes encoded) {
    this.cluster = cluster;
    this.partial = partial;
    this.folded = folded;
    this.logs = Collections.unmodifiableSortedMap(logs);
    this.encoded = encoded;
  }

  private static NavigableMap<Long, Intervals> copy(SortedMap<Long, Intervals> logs) {
    TreeMap<Long, Intervals> copy = new TreeMap<>(logs);
    copy.values().removeIf(Intervals::isEmpty);
    return copy;
  }

  /** The first eight bytes of the id of the cluster whose logs it names. */
  public long cluster() {
    return cluster;
  }

  /** Whether something the client saw had no room in it. */
  public boolean partial() {
    return partial;
  }

  /**
   * Whether it leaves out what all members held: a node that may have lost it, or has joined since,
   * must make sure that it lacks nothing.
   */
  public boolean folded() {
    return folded;
  }

  /** Places by the name of their log; none of them empty. */
  public SortedMap<Long, Intervals> logs() {
    return logs;
  }

  /** Whether it names nothing and has left nothing out, so that every node may answer. */
  public boolean isEmpty() {
    return logs.isEmpty() && !folded;
  }

  /** Whether it names all of these places. */
  public boolean names(SortedMap<Long, Intervals> places) {
    for (Map.Entry<Long, Intervals> log : places.entrySet()) {
      Intervals known = logs.get(log.getKey());
      if (known == null || !known.containsAll(log.getValue())) return false;
    }
    return true;
  }

  /** Whether it names one of these places. */
  public boolean namesOne(List<Dot> dots) {
    for (Dot dot : dots) {
      Intervals known = logs.get(dot.incarnation().high());
      if (known != null && known.contains(dot.seq())) return true;
    }
    return false;
  }

  /**
   * What either names. Invalid when they are of two clusters.
   *
   * @return not {@link #fitted} yet
   */
  public CausalToken union(CausalToken other) {
    if (other.isEmpty() && !other.partial) return this;
    if (isEmpty() && !partial) return other;
    if (cluster != other.cluster) {
      throw new KdeltaException.Invalid(NAME, "the other is of another cluster");
    }
    TreeMap<Long, Intervals> union = new TreeMap<>(logs);
    other.logs.forEach((log, places) -> union.merge(log, places, Intervals::union));
    return new CausalToken(cluster, partial || other.partial, folded || other.folded, union, null);
  }

  /** This without some of its logs, which all members hold: {@link #folded}, if there are any. */
  public CausalToken without(List<Long> held) {
    if (held.isEmpty()) return this;
    TreeMap<Long, Intervals> rest = new TreeMap<>(logs);
    held.forEach(rest::remove);
    return new CausalToken(cluster, partial, true, rest, null);
  }

  /**
   * The same within {@link #BYTES_MAX}. What is too large is folded: first the gaps between the
   * ranges of each log are filled, which asks for more than was seen and for nothing less. If that
   * does not do, the logs with the fewest positions are left out, and the token says that it is
   * partial.
   */
  public CausalToken fitted() {
    if (size() <= BYTES_MAX) return this;
    TreeMap<Long, Intervals> filled = new TreeMap<>();
    logs.forEach((log, places) -> {
      long first = places.ranges().getFirst().first();
      filled.put(log, Intervals.of(first, places.max()));
    });
    CausalToken whole = new CausalToken(cluster, partial, this.folded, filled, null);
    if (whole.size() <= BYTES_MAX) return whole;
    List<Map.Entry<Long, Intervals>> fewest = new ArrayList<>(filled.entrySet());
    fewest.sort(Comparator.comparingLong(log -> log.getValue().count()));
    TreeMap<Long, Intervals> rest = new TreeMap<>(filled);
    int over = whole.size() - BYTES_MAX;
    for (Map.Entry<Long, Intervals> log : fewest) {
      if (over <= 0) break;
      rest.remove(log.getKey());
      over -= size(log.getValue());
    }
    return new CausalToken(cluster, true, folded, rest, null);
  }

  /**
   * The same within {@link #BYTES_MAX}, of nothing more than it named: the logs with the fewest
   * positions are left out, and nothing says so.
   */
  CausalToken cut() {
    if (size() <= BYTES_MAX) return this;
    TreeMap<Long, Intervals> rest = new TreeMap<>(logs);
    List<Map.Entry<Long, Intervals>> fewest = new ArrayList<>(rest.entrySet());
    fewest.sort(Comparator.comparingLong(log -> log.getValue().count()));
    int over = size() - BYTES_MAX;
    for (Map.Entry<Long, Intervals> log : fewest) {
      if (over <= 0) break;
      rest.remove(log.getKey());
      over -= size(log.getValue());
    }
    return new CausalToken(cluster, false, rest);
  }

  /** The bytes of the table above, none for a token that names nothing. It must be fitted. */
  public Bytes encode() {
    if (isEmpty() && !partial) return Bytes.EMPTY;
    Bytes known = encoded;
    if (known != null) return known;
    int size = size();
    if (size > BYTES_MAX) throw new AssertionError("a token of " + size + " bytes");
    ByteWriter out = new ByteWriter(size);
    int flags = (partial ? PARTIAL : 0) | (folded ? FOLDED : 0);
    out.writeByte(FORMAT).writeByte(flags).writeBigEndianLong(cluster);
    out.writeShort(logs.size());
    logs.forEach((log, places) -> {
      out.writeBigEndianLong(log);
      writeVarint(out, places.ranges().size());
      long next = 1;
      for (Range range : places.ranges()) {
        writeVarint(out, range.first() - next);
        writeVarint(out, range.last() - range.first());
        next = range.last() + 2;
      }
    });
    Bytes bytes = out.writeInt(checksum(out.toBytes())).toBytes();
    encoded = bytes;
    return bytes;
  }

  /**
   * Reads what {@link #encode} wrote; anything else, and whatever was changed on the way, is
   * Invalid.
   */
  public static CausalToken decode(Bytes bytes) {
    if (bytes.isEmpty()) return NONE;
    if (bytes.size() > BYTES_MAX) {
      throw new KdeltaException.Invalid(
          NAME, bytes.size() + " bytes; the limit is " + BYTES_MAX + " bytes");
    }
    if (bytes.size() < HEAD_BYTES + Integer.BYTES) {
      throw new KdeltaException.Invalid(NAME, bytes.size() + " bytes are too few");
    }
    int end = bytes.size() - Integer.BYTES;
    Bytes body = bytes.slice(0, end);
    if (bytes.intAt(end) != checksum(body)) {
      throw new KdeltaException.Invalid(NAME, "is damaged: its checksum does not match");
    }
    ByteReader in = new ByteReader(body, NAME);
    int format = in.readByte();
    if (format != FORMAT) throw in.invalid("format " + format + " is not known here");
    int flags = in.readByte();
    if ((flags & ~(PARTIAL | FOLDED)) != 0)
      throw in.invalid("flags " + flags + " are not known here");
    long cluster = in.readBigEndianLong();
    int count = in.readShort();
    if ((long) count * LOG_BYTES_MIN > in.remaining()) throw in.invalid(count + " do not fit");
    TreeMap<Long, Intervals> logs = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      long log = in.readBigEndianLong();
      if (i > 0 && log <= logs.lastKey()) throw in.invalid("logs do not ascend");
      logs.put(log, readPlaces(in));
    }
    in.end();
    boolean partial = (flags & PARTIAL) != 0;
    boolean folded = (flags & FOLDED) != 0;
    if (logs.isEmpty() && !partial && !folded) throw in.invalid("names nothing");
    return new CausalToken(cluster, partial, folded, logs, bytes);
  }

  /** How many bytes {@link #encode} gives, whether they are too many or not. */
  public int size() {
    if (isEmpty() && !partial) return 0;
    int size = HEAD_BYTES + Integer.BYTES;
    for (Intervals places : logs.values()) size += size(places);
    return size;
  }

  /** What it names, for a person: the first few logs with their places. */
  public String summary() {
    StringBuilder text = new StringBuilder(logs.isEmpty() ? "what all members held" : "");
    int told = 0;
    for (Map.Entry<Long, Intervals> log : logs.entrySet()) {
      if (told++ == 3) {
        return text + " and of " + (logs.size() - 3) + " other logs";
      }
      long count = log.getValue().count();
      text.append(text.isEmpty() ? "" : ", ").append(count);
      text.append(count == 1 ? " version of log " : " versions of log ");
      text.append(HexFormat.of().toHexDigits(log.getKey()), 0, 8);
      text.append(" up to ").append(log.getValue().max());
    }
    return text.toString();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof CausalToken that
        && cluster == that.cluster
        && partial == that.partial
        && folded == that.folded
        && logs.equals(that.logs);
  }

  @Override
  public int hashCode() {
    return Objects.hash(cluster, partial, folded, logs);
  }

  @Override
  public String toString() {
    String flags = (partial ? " partial" : "") + (folded ? " folded" : "");
    return "CausalToken[" + Long.toHexString(cluster) + flags + " " + logs + "]";
  }

  private static int size(Intervals places) {
    int size = Long.BYTES + varintSize(places.ranges().size());
    long next = 1;
    for (Range range : places.ranges()) {
      size += varintSize(range.first() - next) + varintSize(range.last() - range.first());
      next = range.last() + 2;
    }
    return size;
  }

  private static Intervals readPlaces(ByteReader in) {
    long count = readVarint(in);
    if (count < 1 || count > in.remaining() / 2) throw in.invalid(count + " ranges do not fit");
    List<Range> ranges = new ArrayList<>((int) count);
    long next = 1;
    for (long i = 0; i < count; i++) {
      long first = next + readVarint(in);
      if (first < next) throw in.invalid("a range out of bounds");
      long last = first + readVarint(in);
      // Behind the last one there must be room for another, or the next could not be named.
      if (last < first || last > Long.MAX_VALUE - 2) throw in.invalid("a range out of bounds");
      if (count == 1) return Intervals.of(first, last);
      ranges.add(new Range(first, last));
      next = last + 2;
    }
    return new Intervals(ranges);
  }

  private static void writeVarint(ByteWriter out, long value) {
    long rest = value;
    while (rest > 0x7F) {
      out.writeByte((int) (rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    out.writeByte((int) rest);
  }

  /** Not negative, and in as few bytes as will do: a token has one encoding. */
  private static long readVarint(ByteReader in) {
    long value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      int next = in.readByte();
      value |= (next & 0x7FL) << shift;
      if (next >= 0x80) continue;
      if (next == 0 && shift > 0) break;
      return value;
    }
    throw in.invalid("a number out of bounds");
  }

  private static int varintSize(long value) {
    return (Long.SIZE - Long.numberOfLeadingZeros(value | 1) + 6) / 7;
  }

  private static int checksum(Bytes bytes) {
    CRC32C crc = new CRC32C();
    bytes.feed(crc::update);
    return (int) crc.getValue();
  }
}
