package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.ManifestEdit.SegmentNamed;
import io.kdelta.storage.ManifestEdit.SegmentReleased;
import io.kdelta.vfs.Vfs;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The log: every batch is here before it is anywhere else.
 *
 * <p>Owned by the core thread, which only fills memory: {@link #append} puts a record into the
 * buffer that is being filled, while a {@link WalWrite} writes and syncs the other one on the log
 * thread; they swap when it returns, so the size of a batch follows the speed of the disk, without
 * a timer. A {@link WalPreparation} makes the next segment ready on the table thread. Both are
 * handed back to the core when they have run.
 *
 * <p>Invariants: LSNs are dense from 1. {@link #durableLsn} advances only over what a sync that
 * succeeded has kept. After a write or sync that failed the log is fenced: nothing is appended any
 * more, nothing becomes durable any more, and the file is not synced again (Rebello et al., "Can
 * applications recover from fsync failures?", ATC 2020). A segment is named in the manifest before
 * its first use, and its file is used again only after the edit that released it is durable.
 */
public final class Wal implements AutoCloseable {
  private final WalLimits limits;
  private final Entropy entropy;
  private final Vfs vfs;
  private final Manifest manifest;
  private final WalRecovery recovery;
  private final WalFormat format = new WalFormat();

  private final ArrayDeque<WalSegment> spares = new ArrayDeque<>();
  private final List<WalReader.Kept> retained;
  private final ArrayDeque<Long> freeFiles = new ArrayDeque<>();
  private final List<Long> unwantedFiles = new ArrayList<>();
  private WalSegment active;
  private int position;

  /** The last LSN before the active segment; -1 if its header is durable whatever it holds. */
  private long sealedLsn = -1;

  private long nextSequence;
  private long lastLsn;
  private long durableLsn;

  private WalBuffer filling = new WalBuffer();
  private WalBuffer idle = new WalBuffer();
  private boolean writeOut;
  private boolean preparationOut;
  private boolean fenced;
  private KdeltaException.@Nullable DiskFault failure;

  Wal(WalLimits limits, Entropy entropy, Vfs vfs, Manifest manifest, WalOpening.Opened opened) {
    this.limits = limits;
    this.entropy = entropy;
    this.vfs = vfs;
    this.manifest = manifest;
    recovery = opened.recovery();
    retained = new ArrayList<>(opened.retained());
    freeFiles.addAll(opened.freeFiles());
    unwantedFiles.addAll(opened.unwantedFiles());
    active = opened.active();
    position = opened.position();
    nextSequence = active.sequence() + 1;
    lastLsn = recovery.lastLsn();
    durableLsn = lastLsn;
  }

  /**
   * Reads the log back, hands every valid record above the flushed LSN to the sink in order, goes
   * on in a fresh segment that holds, synced, what lay above the durable mark, and rewrites the
   * manifest. Blocks; called once, before the first turn.
   *
   * @throws KdeltaException.Corrupt if the damage is systematic; what was found is set aside first,
   *     so that the next open passes over it
   */
  public static Wal open(Vfs vfs, Entropy entropy, WalLimits limits, Manifest manifest, Sink sink) {
    return new Wal(
        limits, entropy, vfs, manifest, WalOpening.open(vfs, entropy, limits, manifest, sink));
  }

  public WalRecovery recovery() {
    return recovery;
  }

  /** The largest payload that can ever be appended. */
  public int payloadBytesMax() {
    return WalFormat.payloadBytesMax(limits.segmentBytes() - WalFormat.HEADER_BYTES);
  }

  /**
   * Whether {@link #append} may be called now: not fenced, room in the buffer, a segment ready. Ask
   * before every append; a no means try later, or never if fenced.
   */
  public boolean fits(int payloadBytes) {
    if (fenced || payloadBytes > payloadBytesMax()) return false;
    int bytes = WalFormat.recordBytes(payloadBytes);
    boolean buffer = filling.isEmpty() || filling.size() <= limits.bufferBytesMax() - bytes;
    return buffer && (bytes <= active.bytes() - position || !spares.isEmpty());
  }

  /**
   * Puts one record into the buffer; it is durable once {@link #durableLsn} reaches the answer.
   *
   * @param type 0 to 255, given back at recovery
   * @return its LSN
   */
  public long append(int type, Bytes payload) {
    int at = place(payload.size());
    payload.copyTo(filling.array(), at + WalFormat.RECORD_HEADER_BYTES);
    return seal(type, payload.size(), at);
  }

  /** The same, from a part of an array. */
  long append(int type, byte[] array, int from, int size) {
    int at = place(size);
    System.arraycopy(array, from, filling.array(), at + WalFormat.RECORD_HEADER_BYTES, size);
    return seal(type, size, at);
  }

  private int place(int payloadBytes) {
    if (!fits(payloadBytes)) throw new AssertionError("append without asking fits()");
    int bytes = WalFormat.recordBytes(payloadBytes);
    if (bytes > active.bytes() - position) roll();
    return filling.reserve(active, position, bytes);
  }

  private long seal(int type, int payloadBytes, int at) {
    int bytes = WalFormat.recordBytes(payloadBytes);
    lastLsn++;
    byte[] target = filling.array();
    int encoded = format.seal(active.salt(), lastLsn, durableLsn, type, payloadBytes, target, at);
    if (encoded != bytes) throw new AssertionError(encoded + " bytes, reserved " + bytes);
    position += bytes;
    filling.lastLsn(lastLsn);
    return lastLsn;
  }

  public long lastLsn() {
    return lastLsn;
  }

  public long durableLsn() {
    return durableLsn;
  }

  /** The log's next piece of work, if there is anything to write and no piece is out. */
  public Optional<WalWrite> takeWrite() {
    if (fenced || writeOut || filling.isEmpty()) return Optional.empty();
    WalWrite write = new WalWrite(filling);
    filling = idle;
    writeOut = true;
    return Optional.of(write);
  }

  /** Back on the core: the durable LSN advances, or the log is fenced for good. */
  public void written(WalWrite write) {
    if (!writeOut) throw new AssertionError("no write was out");
    writeOut = false;
    idle = write.buffer();
    if (write.failure().isPresent()) {
      fenced = true;
      failure = write.failure().orElseThrow();
    } else {
      durableLsn = idle.lastLsn();
    }
    idle.clear();
  }

  /** Whether a write or sync failed: nothing more is appended or acknowledged in this process. */
  public boolean fenced() {
    return fenced;
  }

  /**
   * What stands in the way: the write that fenced the log, or the last preparation if it failed;
   * the latter goes away when one succeeds.
   */
  public Optional<KdeltaException.DiskFault> failure() {
    return Optional.ofNullable(failure);
  }

  /**
   * Whether a preparation should run, as a piece of table work, soon: before anything long. Stays
   * true after one that failed, so the caller decides when to try again.
   */
  public boolean wantsSegment() {
    return !fenced
        && !preparationOut
        && (spares.size() < limits.spares() || !unwantedFiles.isEmpty());
  }

  /** A piece of table work that makes one more segment ready. At most one is out. */
  public WalPreparation prepare() {
    if (!wantsSegment()) throw new AssertionError("no segment is wanted");
    preparationOut = true;
    List<Long> delete = List.copyOf(unwantedFiles);
    unwantedFiles.clear();
    boolean lacking = spares.size() < limits.spares();
    long reused = lacking && !freeFiles.isEmpty() ? freeFiles.poll() : 0;
    long sequence = lacking ? nextSequence++ : 0;
    SegmentNamed wanted =
        new SegmentNamed(sequence, reused, entropy.nextLong(), limits.segmentBytes());
    return new WalPreparation(vfs, manifest, wanted, delete);
  }

  /** Back on the core. */
  public void prepared(WalPreparation preparation) {
    if (!preparationOut) throw new AssertionError("no preparation was out");
    preparationOut = false;
    preparation.ready().ifPresent(spares::add);
    if (preparation.freeFile() != 0) freeFiles.addFirst(preparation.freeFile());
    if (!fenced) failure = preparation.failure().orElse(null);
  }

  /**
   * The edits that release all segments that end at or below the LSN: part of a flush's edit. The
   * last sealed one stays until something in the active segment is durable, and with it its header:
   * the manifest must always name a segment that was used.
   */
  public List<ManifestEdit> releasable(long flushedLsn) {
    List<ManifestEdit> edits = new ArrayList<>();
    for (WalReader.Kept segment : retained) {
      boolean followed = segment.lastLsn() < sealedLsn || durableLsn > sealedLsn;
      if (segment.lastLsn() <= flushedLsn && followed) {
        edits.add(new SegmentReleased(segment.segment().sequence()));
      }
    }
    return edits;
  }

  /** How many full or abandoned segments still hold what no table holds. */
  int retainedSegments() {
    return retained.size();
  }

  /** Back on the core: those edits are durable, the files may be used again. */
  public void released(List<ManifestEdit> edits) {
    for (ManifestEdit edit : edits) {
      if (!(edit instanceof SegmentReleased(long sequence))) continue;
      for (WalReader.Kept segment : List.copyOf(retained)) {
        if (segment.segment().sequence() != sequence) continue;
        retained.remove(segment);
        WalOpening.sortFile(segment, limits, freeFiles, unwantedFiles);
      }
    }
  }

  /** Where the log ends, if all of it is durable and in tables and nothing is under way. */
  Optional<ManifestEdit.LogEnded> ended(long flushedLsn) {
    boolean quiet = !fenced && !writeOut && !preparationOut && filling.isEmpty();
    if (!quiet || durableLsn != lastLsn || flushedLsn != lastLsn) return Optional.empty();
    return Optional.of(new ManifestEdit.LogEnded(active.sequence(), position, lastLsn));
  }

  /** Closes all files. What was not written is lost, as in a crash: write before. */
  @Override
  public void close() {
    fenced = true;
    active.file().close();
    for (WalSegment spare : spares) spare.file().close();
    for (WalSegment sealed : filling.sealed()) sealed.file().close();
  }

  /** Seals the active segment where it stands and goes on in the next one. */
  private void roll() {
    retained.add(new WalReader.Kept(active.named(), lastLsn, false));
    WalFormat.Link predecessor = new WalFormat.Link(active.sequence(), position, lastLsn);
    filling.seal(active);
    sealedLsn = lastLsn;
    active = spares.remove();
    int at = filling.reserve(active, 0, WalFormat.HEADER_BYTES);
    format.encodeHeader(active.header(predecessor, true), filling.array(), at);
    position = WalFormat.HEADER_BYTES;
  }

  /** Takes what recovery reads, in LSN order. */
  @FunctionalInterface
  public interface Sink {
    /** The payload is a part of the array, which is used again after the call. */
    void record(long lsn, int type, byte[] array, int from, int size);
  }
}
