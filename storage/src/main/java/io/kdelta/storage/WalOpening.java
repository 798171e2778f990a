package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.storage.ManifestEdit.SegmentNamed;
import io.kdelta.storage.ManifestEdit.SegmentReleased;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * How the log goes on after it was read back: in a fresh segment, which holds, synced, every record
 * that was found above the durable mark, because what was read back may only be in the page cache.
 *
 * <p>The fresh segment is complete and synced before a new manifest names it; until that manifest
 * counts, the old one does, and with it the old segments as they were. So a crash at any point of
 * an opening leaves the log as it was before, or as it is after.
 */
final class WalOpening {
  /** How many files that were used before are kept for the next segments. */
  private static final int FREE_FILES_MAX = 2;

  private WalOpening() {}

  /**
   * What a log starts with.
   *
   * @param position where the next record goes in the active segment
   * @param retained older segments that still hold what no table holds
   * @param freeFiles numbers of files that may be used again
   * @param unwantedFiles numbers of files that are to be deleted
   */
  record Opened(
      WalRecovery recovery,
      WalSegment active,
      int position,
      List<WalReader.Kept> retained,
      List<Long> freeFiles,
      List<Long> unwantedFiles) {}

  static Opened open(Vfs vfs, Entropy entropy, WalLimits limits, Manifest manifest, Wal.Sink sink) {
    ManifestState state = manifest.state();
    WalReader.Outcome outcome = new WalReader(vfs, state, sink).read();
    if (outcome.systematic().isPresent()) {
      manifest.rewrite(List.copyOf(outcome.newlySetAside()));
      throw outcome.systematic().orElseThrow();
    }
    List<ManifestEdit> edits = new ArrayList<>(outcome.newlySetAside());
    ArrayDeque<Long> freeFiles = new ArrayDeque<>();
    List<Long> unwantedFiles = new ArrayList<>();
    List<WalReader.Kept> retained = new ArrayList<>();
    TreeSet<Long> used = new TreeSet<>();
    for (WalReader.Kept kept : outcome.kept()) {
      used.add(kept.segment().sequence());
      boolean copied = kept.segment().sequence() > outcome.end().sequence();
      if (kept.lastLsn() > state.flushedLsn() && !copied) {
        retained.add(kept);
      } else {
        edits.add(new SegmentReleased(kept.segment().sequence()));
        unwantedFiles.add(kept.segment().file());
      }
    }
    for (SegmentNamed named : state.segments().values()) {
      if (used.contains(named.sequence())) continue;
      edits.add(new SegmentReleased(named.sequence()));
      if (vfs.exists(FileNames.log(named.file()))) {
        sortFile(new WalReader.Kept(named, 0, false), limits, freeFiles, unwantedFiles);
      }
    }
    byte[] image = image(outcome);
    WalSegment fresh = fresh(vfs, entropy, limits, manifest, outcome, image, freeFiles);
    edits.add(fresh.named());
    manifest.rewrite(edits);
    return new Opened(
        outcome.recovery(), fresh, image.length, retained, List.copyOf(freeFiles), unwantedFiles);
  }

  /** Where a file goes that no segment needs any more: a bad one is not used again. */
  static void sortFile(
      WalReader.Kept segment,
      WalLimits limits,
      Collection<Long> freeFiles,
      Collection<Long> unwantedFiles) {
    boolean fit =
        !segment.damaged()
            && segment.segment().bytes() == limits.segmentBytes()
            && freeFiles.size() < FREE_FILES_MAX;
    (fit ? freeFiles : unwantedFiles).add(segment.segment().file());
  }

  /** Room for the header, then the records that must be written again. */
  private static byte[] image(WalReader.Outcome outcome) {
    int bytes = WalFormat.HEADER_BYTES;
    for (WalReader.Tail record : outcome.tail()) {
      bytes = Math.addExact(bytes, WalFormat.recordBytes(record.payload().size()));
    }
    return new byte[bytes];
  }

  private static WalSegment fresh(
      Vfs vfs,
      Entropy entropy,
      WalLimits limits,
      Manifest manifest,
      WalReader.Outcome outcome,
      byte[] image,
      ArrayDeque<Long> freeFiles) {
    ManifestState state = manifest.state();
    long sequence = state.segments().isEmpty() ? 1 : state.segments().lastKey() + 1;
    boolean spare = !freeFiles.isEmpty() && image.length <= limits.segmentBytes();
    // A tail can be longer than a segment only if segments were larger when it was written.
    long bytes = Math.max(limits.segmentBytes(), (image.length + 4_095L) & -4_096L);
    long number = spare ? freeFiles.remove() : manifest.nextFileNumber();
    Vfs.File file =
        spare
            ? WalPreparation.reopen(vfs, number, bytes)
            : WalPreparation.createZeroed(vfs, number, bytes);
    WalSegment segment =
        new WalSegment(new SegmentNamed(sequence, number, entropy.nextLong(), bytes), file);
    WalFormat format = new WalFormat();
    format.encodeHeader(segment.header(outcome.end(), false), image, 0);
    int at = WalFormat.HEADER_BYTES;
    long mark = outcome.end().lastLsn();
    for (WalReader.Tail record : outcome.tail()) {
      at +=
          format.encode(
              segment.salt(), record.lsn(), mark, record.type(), record.payload(), image, at);
    }
    file.writeAt(0, ByteBuffer.wrap(image));
    file.sync();
    return segment;
  }
}
