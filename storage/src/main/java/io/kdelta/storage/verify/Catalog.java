package io.kdelta.storage.verify;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a store's manifest says lives in it. Layout: the engine's ManifestFormat. One thread.
 *
 * <p>CURRENT names the manifest; a manifest's first record holds everything, each further one
 * changes that. A bad record in the middle, below a durable mark, is damage; one at the end that
 * nothing proves durable was never acknowledged.
 */
final class Catalog {
  static final String CURRENT = "CURRENT";

  private static final long CURRENT_MAGIC = 0x433261746C65646BL;
  private static final int CURRENT_BYTES = 28;
  private static final int FACTS_BYTES = 17;
  private static final int NAME_BYTES = 1 << 10;
  private static final long MANIFEST_BYTES_MAX = 1 << 30;

  /** A table. */
  record Table(long number, long bytes, long run, long checksum, boolean damaged) {}

  /** A blob file: {@code number} is what references name, {@code file} the number of its name. */
  record Blob(long number, long file, long bytes, long checksum) {}

  /** A segment of the log. */
  record Segment(long sequence, long file, long salt, long bytes) {}

  /** The store was closed in good order: where its log ends, all of it held by tables. */
  record Ended(long sequence, long end, long lastLsn) {}

  /** A part of the log that was found bad by an earlier open. */
  record SetAside(long sequence, long offset, long bytes) {}

  final TreeMap<Long, Table> tables = new TreeMap<>();
  final TreeMap<Long, Blob> blobs = new TreeMap<>();
  final TreeMap<Long, Segment> segments = new TreeMap<>();
  final List<SetAside> setAside = new ArrayList<>();
  @Nullable Ended ended;
  String manifest = "";
  long flushedLsn;

  /** Reads what counts; Corrupt, NotFound or Invalid if there is nothing to go on from. */
  static Catalog read(Vfs vfs, List<String> names, Findings findings) {
    boolean data = false;
    long youngest = 0;
    for (String name : names) {
      long number = StoreFiles.number(name);
      data |= number != 0;
      if (name.endsWith(StoreFiles.MANIFEST)) youngest = Math.max(youngest, number);
    }
    Catalog catalog = new Catalog();
    Optional<Long> named = Optional.empty();
    long salt = 0;
    if (names.contains(CURRENT)) {
      try (Vfs.File file = vfs.openForReading(CURRENT)) {
        Image image = current(file);
        named = Optional.of(image.i64(8));
        salt = image.i64(16);
      } catch (KdeltaException.Corrupt found) {
        findings.damage(found);
      }
    } else if (!data) {
      throw new KdeltaException.NotFound("a store: the directory has no file CURRENT");
    } else {
      findings.damage(CURRENT, 0, "is missing: the youngest manifest is read in its place");
    }
    if (named.isEmpty()) youngest = youngestWhole(vfs, names).orElse(youngest);
    if (named.isEmpty() && youngest == 0) {
      throw new KdeltaException.Corrupt(CURRENT, 0, "nothing says which manifest counts");
    }
    long number = named.orElse(youngest);
    catalog.manifest = StoreFiles.manifest(number);
    if (!names.contains(catalog.manifest)) {
      throw new KdeltaException.Corrupt(catalog.manifest, 0, "the file is missing");
    }
    try (Vfs.File file = vfs.openForReading(catalog.manifest)) {
      catalog.read(
          file, number, named.isPresent() ? Optional.of(salt) : Optional.empty(), findings);
    }
    return catalog;
  }

  /**
   * The number of the youngest manifest with a first record: what a rewrite left that a full disk
   * or a crash ended has none, and never counted.
   */
  private static Optional<Long> youngestWhole(Vfs vfs, List<String> names) {
    Optional<Long> youngest = Optional.empty();
    for (String name : names) {
      long number = name.endsWith(StoreFiles.MANIFEST) ? StoreFiles.number(name) : 0;
      if (number == 0 || youngest.orElse(0L) > number) continue;
      try (Vfs.File file = vfs.openForReading(name)) {
        if (file.size() > MANIFEST_BYTES_MAX) continue;
        Image image = Image.read(file, 0, file.size());
        Optional<Records.Header> header = Records.header(image, Records.MANIFEST_MAGIC);
        if (header.isEmpty() || header.get().sequence() != number) continue;
        Records records = Records.scan(image, image.size(), header.get().salt(), 1);
        if (!records.entries.isEmpty() && records.entries.getFirst().lsn() == 1) {
          youngest = Optional.of(number);
        }
      }
    }
    return youngest;
  }

  private static Image current(Vfs.File file) {
    if (file.size() != CURRENT_BYTES) {
      throw new KdeltaException.Corrupt(
          CURRENT, 0, "has " + file.size() + " bytes instead of " + CURRENT_BYTES);
    }
    Image image = Image.read(file, 0, CURRENT_BYTES);
    if (image.i32(24) != image.crc(0, 24)) throw image.corrupt(0, "its checksum does not match");
    if (image.i64(0) != CURRENT_MAGIC) {
      throw new KdeltaException.Invalid("directory", "is not a store of format 2");
    }
    if (image.i64(8) < 1) throw image.corrupt(8, "names no manifest");
    return image;
  }

  private void read(Vfs.File file, long number, Optional<Long> saltDue, Findings findings) {
    if (file.size() > MANIFEST_BYTES_MAX) {
      throw new KdeltaException.Corrupt(file.path(), 0, "has " + file.size() + " bytes");
    }
    Image image = Image.read(file, 0, file.size());
    Optional<Records.Header> header = Records.header(image, Records.MANIFEST_MAGIC);
    boolean own =
        header.isPresent()
            && header.get().sequence() == number
            && (saltDue.isEmpty() || saltDue.get() == header.get().salt());
    if (!own) findings.damage(manifest, 0, "its header is not that of this manifest");
    if (header.isEmpty() && saltDue.isEmpty()) {
      throw new KdeltaException.Corrupt(manifest, 0, "without a header nothing can be read");
    }
    long salt = saltDue.isPresent() ? saltDue.get() : header.orElseThrow().salt();
    Records records = Records.scan(image, image.size(), salt, 1);
    int count = records.entries.size();
    for (Records.Gap gap : records.gaps) {
      boolean proven = gap.before() == 0 || records.markFrom(gap.before()) >= gap.lsn();
      if (proven) {
        findings.damage(manifest, gap.at(), (gap.end() - gap.at()) + " bytes are no record");
      } else {
        count = Math.min(count, gap.before());
      }
    }
    if (records.entries.isEmpty()) {
      throw new KdeltaException.Corrupt(manifest, Records.HEADER_BYTES, "has no record");
    }
    int end = count == 0 ? Records.HEADER_BYTES : records.entries.get(count - 1).end();
    if (end < image.size()) {
      findings.note(manifest, end, "a torn tail of " + (image.size() - end) + " bytes");
    }
    for (Records.Entry entry : records.entries.subList(0, count)) {
      if (entry.type() != 1) {
        findings.damage(manifest, entry.at(), "a record of type " + entry.type());
        continue;
      }
      try {
        apply(
            new ByteReader(
                Bytes.wrap(image.bytes, entry.payloadAt(), entry.payloadSize()), "an edit"));
      } catch (KdeltaException.Invalid wrong) {
        findings.damage(manifest, entry.at(), wrong.field() + " " + wrong.reason());
      }
    }
  }

  private void apply(ByteReader in) {
    while (in.remaining() > 0) {
      int kind = in.readByte();
      switch (kind) {
        case 1 -> {
          long number = in.readLong();
          long bytes = in.readLong();
          ByteReader facts = new ByteReader(in.readSized(FACTS_BYTES), "the facts of a table");
          Table table =
              new Table(number, bytes, facts.readLong(), facts.readLong(), facts.readByte() != 0);
          facts.end();
          must(tables.put(number, table) == null, in, "table " + number + " is added twice");
        }
        case 2 -> {
          long number = in.readLong();
          must(tables.remove(number) != null, in, "table " + number + " was never added");
        }
        case 3 -> {
          long lsn = in.readLong();
          must(lsn >= flushedLsn, in, "what was flushed goes back to " + lsn);
          flushedLsn = lsn;
        }
        case 4 -> {
          Segment segment = new Segment(in.readLong(), in.readLong(), in.readLong(), in.readLong());
          must(
              segments.put(segment.sequence(), segment) == null,
              in,
              "segment " + segment.sequence() + " is named twice");
          // The log goes on: what was said of its end is over.
          ended = null;
        }
        case 5 -> {
          long sequence = in.readLong();
          must(segments.remove(sequence) != null, in, "segment " + sequence + " was never named");
          setAside.removeIf(part -> part.sequence() == sequence);
        }
        case 6 -> {
          setAside.add(new SetAside(in.readLong(), in.readLong(), in.readLong()));
          in.readLong();
          in.readLong();
        }
        case 7 -> {
          Blob blob = new Blob(in.readLong(), in.readLong(), in.readLong(), in.readLong());
          must(
              blobs.put(blob.number(), blob) == null,
              in,
              "blob file " + blob.number() + " is added twice");
        }
        case 9 -> {
          ended = new Ended(in.readLong(), in.readLong(), in.readLong());
          must(ended.lastLsn() <= flushedLsn, in, "the log ended beyond what tables hold");
        }
        case 8 -> {
          long number = in.readLong();
          must(blobs.remove(number) != null, in, "blob file " + number + " was never added");
        }
        case 10 -> {
          // What was found bad before, for reports alone: four numbers and a name.
          for (int i = 0; i < 4; i++) in.readLong();
          in.readSized(NAME_BYTES);
        }
        case 11 -> {
          // Nothing of that is to be reported any more.
        }
        default -> throw in.invalid("kind " + kind + " is unknown");
      }
    }
  }

  private static void must(boolean holds, ByteReader in, String otherwise) {
    if (!holds) throw in.invalid(otherwise);
  }
}
