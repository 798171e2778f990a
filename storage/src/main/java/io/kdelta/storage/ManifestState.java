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
 * @param ended where the log ended, if the store was closed in good order and not used since
 */
public record ManifestState(
    long flushedLsn,
    SortedMap<Long, ManifestEdit.TableAdded> tables,
    SortedMap<Long, ManifestEdit.BlobAdded> blobs,
    SortedMap<Long, ManifestEdit.SegmentNamed> segments,
    List<ManifestEdit.SetAside> setAside,
    Optional<ManifestEdit.LogEnded> ended) {

  public static final ManifestState EMPTY =
      new ManifestState(
          0, new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), List.of(), Optional.empty());

  public ManifestState {
    tables = Collections.unmodifiableSortedMap(new TreeMap<>(tables));
    blobs = Collections.unmodifiableSortedMap(new TreeMap<>(blobs));
    segments = Collections.unmodifiableSortedMap(new TreeMap<>(segments));
    setAside = List.copyOf(setAside);
  }

  /** This state after the edits, in order. An edit that makes no sense is a bug or corruption. */
  ManifestState after(List<ManifestEdit> edits) {
    long flushed = flushedLsn;
    TreeMap<Long, ManifestEdit.TableAdded> nextTables = new TreeMap<>(tables);
    TreeMap<Long, ManifestEdit.BlobAdded> nextBlobs = new TreeMap<>(blobs);
    TreeMap<Long, ManifestEdit.SegmentNamed> nextSegments = new TreeMap<>(segments);
    List<ManifestEdit.SetAside> nextSetAside = new ArrayList<>(setAside);
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
        case ManifestEdit.SetAside part -> nextSetAside.add(part);
      }
    }
    return new ManifestState(flushed, nextTables, nextBlobs, nextSegments, nextSetAside, nextEnded);
  }

  /** The same tables behind another log. */
  ManifestState withLog(SortedMap<Long, ManifestEdit.SegmentNamed> others) {
    return new ManifestState(flushedLsn, tables, blobs, others, List.of(), Optional.empty());
  }

  /** The edits that lead from nothing to this state. */
  List<ManifestEdit> edits() {
    List<ManifestEdit> edits = new ArrayList<>();
    edits.add(new ManifestEdit.Flushed(flushedLsn));
    edits.addAll(tables.values());
    edits.addAll(blobs.values());
    edits.addAll(segments.values());
    edits.addAll(setAside);
    ended.ifPresent(edits::add);
    return edits;
  }

  private static void must(boolean holds, ManifestEdit edit) {
    if (!holds) throw new IllegalStateException("does not fit what lives: " + edit);
  }
}
