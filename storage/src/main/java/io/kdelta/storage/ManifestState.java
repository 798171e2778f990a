package io.kdelta.storage;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What lives in the store: the sum of all edits of the manifest. Immutable.
 *
 * @param flushedLsn everything up to it is in tables
 * @param tables by number
 * @param blobs blob files by the number that references name
 * @param segments of the log, by sequence, used or ready for use
 * @param setAside bad parts of those segments
 * @param remembered bad parts of any file that the owner of the store has not dealt with
 * @param ended where the log ended, if the store was closed in good order and not used since
 */
public record ManifestState(
    long flushedLsn,
    SortedMap<Long, ManifestEdit.TableAdded> tables,
    SortedMap<Long, ManifestEdit.BlobAdded> blobs,
    SortedMap<Long, ManifestEdit.SegmentNamed> segments,
    List<ManifestEdit.SetAside> setAside,
    List<ManifestEdit.Remembered> remembered,
    Optional<ManifestEdit.LogEnded> ended) {

  public static final ManifestState EMPTY =
      new ManifestState(
          0,
          new TreeMap<>(),
          new TreeMap<>(),
          new TreeMap<>(),
          List.of(),
          List.of(),
          Optional.empty());

  public ManifestState {
    tables = Collections.unmodifiableSortedMap(new TreeMap<>(tables));
    blobs = Collections.unmodifiableSortedMap(new TreeMap<>(blobs));
    segments = Collections.unmodifiableSortedMap(new TreeMap<>(segments));
    setAside = List.copyOf(setAside);
    remembered = List.copyOf(remembered);
  }

  /** This state after the edits, in order. An edit that makes no sense is a bug or corruption. */
  ManifestState after(List<ManifestEdit> edits) {
    long flushed = flushedLsn;
    TreeMap<Long, ManifestEdit.TableAdded> nextTables = new TreeMap<>(tables);
    TreeMap<Long, ManifestEdit.BlobAdded> nextBlobs = new TreeMap<>(blobs);
    TreeMap<Long, ManifestEdit.SegmentNamed> nextSegments = new TreeMap<>(segments);
    List<ManifestEdit.SetAside> nextSetAside = new ArrayList<>(setAside);
    List<ManifestEdit.Remembered> nextRemembered = new ArrayList<>(remembered);
    Optional<ManifestEdit.LogEnded> nextEnded = ended;
    for (ManifestEdit edit : edits) {
      switch (edit) {
        case ManifestEdit.TableAdded added ->
            must(nextTables.put(added.number(), added) == null, edit);
        case ManifestEdit.TableRemoved(long number) ->
            must(nextTables.remove(number) != null, edit);
        case ManifestEdit.BlobAdded added ->
            must(nextBlobs.put(added.number(), added) == null, edit);
        case ManifestEdit.BlobRemoved(long number) -> must(nextBlobs.remove(number) != null, edit);
        case ManifestEdit.Flushed(long lsn) -> {
          must(lsn >= flushed, edit);
          flushed = lsn;
        }
        case ManifestEdit.SegmentNamed named -> {
          must(nextSegments.put(named.sequence(), named) == null, edit);
          nextEnded = Optional.empty();
        }
        case ManifestEdit.LogEnded end -> {
          must(nextSegments.containsKey(end.sequence()) && end.lastLsn() <= flushed, edit);
          nextEnded = Optional.of(end);
        }
        case ManifestEdit.SegmentReleased(long sequence) -> {
          must(nextSegments.remove(sequence) != null, edit);
          nextSetAside.removeIf(part -> part.sequence() == sequence);
        }
        case ManifestEdit.SetAside part -> {
          ManifestEdit.SegmentNamed of = nextSegments.get(part.sequence());
          if (of == null) throw misfit(edit);
          nextSetAside.add(part);
          nextRemembered.add(remembered(part, of, flushed));
        }
        case ManifestEdit.Remembered part -> nextRemembered.add(part);
        case ManifestEdit.Forgotten() -> nextRemembered.clear();
      }
    }
    return new ManifestState(
        flushed, nextTables, nextBlobs, nextSegments, nextSetAside, nextRemembered, nextEnded);
  }

  /** What tables hold is not lost. */
  private static ManifestEdit.Remembered remembered(
      ManifestEdit.SetAside part, ManifestEdit.SegmentNamed of, long flushed) {
    long first = Math.max(part.firstLsn(), flushed + 1);
    long last = Math.max(part.lastLsn(), first - 1);
    return new ManifestEdit.Remembered(
        FileNames.log(of.file()), part.offset(), part.bytes(), first, last);
  }

  /** The same tables behind another log. */
  ManifestState withLog(SortedMap<Long, ManifestEdit.SegmentNamed> others) {
    return new ManifestState(
        flushedLsn, tables, blobs, others, List.of(), remembered, Optional.empty());
  }

  /** The edits that lead from nothing to this state. */
  List<ManifestEdit> edits() {
    List<ManifestEdit> edits = new ArrayList<>();
    edits.add(new ManifestEdit.Flushed(flushedLsn));
    edits.addAll(tables.values());
    edits.addAll(blobs.values());
    edits.addAll(segments.values());
    edits.addAll(setAside);
    if (!setAside.isEmpty()) edits.add(new ManifestEdit.Forgotten());
    edits.addAll(remembered);
    ended.ifPresent(edits::add);
    return edits;
  }

  private static void must(boolean holds, ManifestEdit edit) {
    if (!holds) throw misfit(edit);
  }

  private static IllegalStateException misfit(ManifestEdit edit) {
    return new IllegalStateException("does not fit what lives: " + edit);
  }
}
