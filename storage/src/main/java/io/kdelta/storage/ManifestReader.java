package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.ManifestEdit.SegmentNamed;
import io.kdelta.storage.ManifestFormat.Current;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Finds and reads the manifest that counts. Used once, at open; it writes nothing.
 *
 * <p>CURRENT says which one. If CURRENT is damaged, the manifest counts whose salt it still holds.
 * If it does not, or is gone, the youngest counts whose first record, the whole state, is intact: a
 * manifest is given its first record before CURRENT names it, and its second only afterwards, so
 * the youngest whole one is either what CURRENT named or holds the same state. Younger ones without
 * a whole first record are the remains of rewrites that a full disk or a crash ended, and never
 * counted, unless something in the directory shows that one did.
 *
 * <p>A directory where nothing can be read is one without a store only if nothing there was written
 * after CURRENT first named a manifest: no CURRENT, however damaged, no log, table or file of large
 * values, also not in lost/, and no record of a manifest behind its first.
 *
 * <p>The rule for a bad record is that of {@link WalReader}; but an edit in the middle can not be
 * fetched from anybody, so corruption here ends the open.
 */
final class ManifestReader {
  private final Vfs vfs;
  private final WalFormat format = new WalFormat();

  ManifestReader(Vfs vfs) {
    this.vfs = vfs;
  }

  /**
   * What was read.
   *
   * @param number of the manifest that counts
   * @param tornAt where its tail was cut; -1 if it was whole
   * @param rolledInto what the edit that was cut had named, if that can be proven
   */
  record Read(long number, ManifestState state, long tornAt, List<SegmentNamed> rolledInto) {}

  /**
   * Reads the store's manifest.
   *
   * @return nothing if the directory holds no store
   * @throws KdeltaException.Corrupt if there is a store whose manifest can not be trusted
   */
  Optional<Read> read(List<String> names) {
    Bytes current =
        names.contains(FileNames.CURRENT) ? Bytes.wrap(image(FileNames.CURRENT)) : Bytes.EMPTY;
    Optional<Current> intact = ManifestFormat.decodeCurrent(current);
    if (intact.isPresent()) {
      Current named = intact.orElseThrow();
      String name = FileNames.manifest(named.number());
      if (!names.contains(name)) {
        throw new KdeltaException.Corrupt(name, 0, "the manifest that CURRENT names is missing");
      }
      return Optional.of(read(named));
    }
    Optional<Read> found = withoutCurrent(names, current);
    if (found.isPresent()) return found;
    if (names.contains(FileNames.CURRENT)) {
      throw new KdeltaException.Corrupt(FileNames.CURRENT, 0, "no manifest can be read");
    }
    refuseData("", names);
    if (names.contains(FileNames.LOST)) {
      refuseData(FileNames.LOST + "/", vfs.list(FileNames.LOST));
    }
    return Optional.empty();
  }

  private static void refuseData(String folder, List<String> names) {
    for (String name : names) {
      boolean data =
          name.endsWith(FileNames.LOG)
              || name.endsWith(FileNames.TABLE)
              || name.endsWith(FileNames.BLOB);
      if (data && FileNames.number(name) != 0) {
        throw new KdeltaException.Corrupt(
            FileNames.CURRENT, 0, "no manifest can be read, and there is data in " + folder + name);
      }
    }
  }

  /**
   * Reads the manifest of that number, which counts, more strictly than an open does: all that
   * could be needed one day must be there.
   *
   * @throws KdeltaException.Corrupt for anything in it or in CURRENT that is not as it was written
   */
  Read again(long number) {
    String name = FileNames.manifest(number);
    for (String needed : List.of(FileNames.CURRENT, name)) {
      if (!vfs.exists(needed)) throw new KdeltaException.Corrupt(needed, 0, "the file is missing");
    }
    Optional<Current> current = ManifestFormat.decodeCurrent(Bytes.wrap(image(FileNames.CURRENT)));
    if (current.isEmpty() || current.get().number() != number) {
      throw new KdeltaException.Corrupt(FileNames.CURRENT, 0, "it does not name " + name);
    }
    Optional<WalFormat.Header> header = header(image(name), number);
    if (header.isEmpty() || header.get().salt() != current.get().salt()) {
      throw new KdeltaException.Corrupt(name, 0, "bad header");
    }
    return read(current.get());
  }

  private Optional<Read> withoutCurrent(List<String> names, Bytes damaged) {
    boolean complete = damaged.size() == ManifestFormat.CURRENT_BYTES;
    TreeMap<Long, byte[]> images = new TreeMap<>();
    for (String name : names) {
      long number = name.endsWith(FileNames.MANIFEST) ? FileNames.number(name) : 0;
      if (number != 0) images.put(number, image(name));
    }
    for (var manifest : images.entrySet()) {
      Optional<WalFormat.Header> header = header(manifest.getValue(), manifest.getKey());
      if (complete && header.isPresent() && header.get().salt() == damaged.longAt(16)) {
        return Optional.of(read(new Current(manifest.getKey(), header.get().salt())));
      }
    }
    for (var manifest : images.descendingMap().entrySet()) {
      long number = manifest.getKey();
      byte[] image = manifest.getValue();
      Optional<WalFormat.Header> header = header(image, number);
      boolean whole =
          header.isPresent()
              && format.isRecord(
                  image, WalFormat.HEADER_BYTES, image.length, header.get().salt(), 1, 1);
      if (whole) {
        Read found = read(new Current(number, header.get().salt()));
        boolean youngest = number == images.lastKey();
        return youngest || !outlived(found.state()) ? Optional.of(found) : Optional.empty();
      }
      if (complete && damaged.longAt(8) == number) return Optional.empty();
      if (header.isPresent() && scan(image, header.get().salt()).count() > 0) {
        throw new KdeltaException.Corrupt(
            FileNames.manifest(number), WalFormat.HEADER_BYTES, "bad first record");
      }
    }
    return Optional.empty();
  }

  /**
   * Whether the log went on in a segment that only a younger manifest can have named: it rolled
   * into it, or a record there says that one before it in there was durable.
   */
  private boolean outlived(ManifestState state) {
    if (!rolledInto(state).isEmpty()) return true;
    long last = state.segments().isEmpty() ? 0 : state.segments().lastKey();
    for (String name : vfs.list("")) {
      if (!name.endsWith(FileNames.LOG) || FileNames.number(name) == 0) continue;
      try (Vfs.File file = vfs.openForReading(name)) {
        Optional<WalFormat.Header> header =
            format.decodeHeader(WalFormat.SEGMENT_MAGIC, image(name, WalFormat.HEADER_BYTES));
        if (header.isEmpty() || header.get().sequence() <= last) continue;
        int to = Math.toIntExact(Math.min(file.size(), header.get().bytes()));
        RecordScan scan =
            RecordScan.of(
                format,
                FileWindow.of(file),
                WalFormat.HEADER_BYTES,
                to,
                header.get().salt(),
                header.get().predecessor().lastLsn() + 1);
        if (scan.count() > 0 && scan.markFrom(0) >= scan.lsn(0)) return true;
      }
    }
    return false;
  }

  private Read read(Current current) {
    String name = FileNames.manifest(current.number());
    byte[] image = image(name);
    RecordScan scan = scan(image, current.salt());
    for (RecordScan.Gap gap : scan.gaps()) {
      boolean durable = scan.markFrom(gap.record()) >= gap.firstLsn() || gap.record() == 0;
      if (durable) throw new KdeltaException.Corrupt(name, gap.offset(), "bad record");
    }
    int count = scan.gaps().isEmpty() ? scan.count() : scan.gaps().getFirst().record();
    if (count == 0) {
      throw new KdeltaException.Corrupt(name, WalFormat.HEADER_BYTES, "bad first record");
    }
    ManifestState state = ManifestState.EMPTY;
    for (int i = 0; i < count; i++) {
      try {
        state = state.after(ManifestFormat.decode(WalFormat.payload(image, scan.offset(i))));
      } catch (KdeltaException.Invalid | IllegalStateException e) {
        throw new KdeltaException.Corrupt(name, scan.offset(i), e.toString());
      }
    }
    int end = scan.offset(count - 1) + WalFormat.length(image, scan.offset(count - 1));
    if (end == image.length) return new Read(current.number(), state, -1, List.of());
    return new Read(current.number(), state, end, rolledInto(state));
  }

  /**
   * Segments that no edit names although the log rolled into them. A segment is named, durably,
   * before the log rolls into it: so the edit that was cut was no tear, and what it said stands in
   * the header of the segment itself.
   */
  private List<SegmentNamed> rolledInto(ManifestState state) {
    List<SegmentNamed> found = new ArrayList<>();
    if (state.segments().isEmpty()) return found;
    for (String name : vfs.list("")) {
      if (!name.endsWith(FileNames.LOG) || FileNames.number(name) == 0) continue;
      Optional<WalFormat.Header> header =
          format.decodeHeader(WalFormat.SEGMENT_MAGIC, image(name, WalFormat.HEADER_BYTES));
      header
          .filter(h -> h.rolled() && h.sequence() > state.segments().lastKey())
          .map(h -> new SegmentNamed(h.sequence(), FileNames.number(name), h.salt(), h.bytes()))
          .ifPresent(found::add);
    }
    return found;
  }

  private RecordScan scan(byte[] image, long salt) {
    return RecordScan.of(
        format, FileWindow.of(image), WalFormat.HEADER_BYTES, image.length, salt, 1);
  }

  private Optional<WalFormat.Header> header(byte[] image, long number) {
    return format
        .decodeHeader(WalFormat.MANIFEST_MAGIC, image)
        .filter(header -> header.sequence() == number);
  }

  private byte[] image(String name) {
    return image(name, Integer.MAX_VALUE);
  }

  private byte[] image(String name, int bytesMax) {
    try (Vfs.File file = vfs.openForReading(name)) {
      byte[] image = new byte[Math.toIntExact(Math.min(bytesMax, file.size()))];
      file.readAt(0, ByteBuffer.wrap(image));
      return image;
    }
  }
}
