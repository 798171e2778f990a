package io.kdelta.process;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;

/** Histories of many versions, as a file to be imported. */
final class Histories {
  private static final int TEXT_BYTES = Integer.getInteger("kdelta.bytes", 100);

  /** Spreads the keys: neighbours in time are none in the order of keys. */
  private static final int SPREAD = 0x9E37_79B1;

  private Histories() {}

  /**
   * So many versions of documents of about 128 bytes, or of the property kdelta.bytes and a few
   * more; every tenth over an earlier one.
   */
  static Path write(Path folder, String name, int versions) throws IOException {
    Path file = folder.resolve(name + ".jsonl");
    Random random = new Random(name.hashCode());
    byte[] text = new byte[TEXT_BYTES / 2];
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (int i = 0; i < versions; i++) {
        random.nextBytes(text);
        boolean first = i % 10 != 9;
        int of = first ? i : i - 9;
        out.write("{\"key\":\"");
        out.write(key(name, of));
        out.write("\",\"value\":{\"n\":" + i + ",\"text\":\"");
        out.write(HexFormat.of().formatHex(text));
        out.write("\"},\"at\":\"2020-01-01T00:00:00Z\",\"label\":\"v" + i + "\",\"parents\":[");
        out.write(first ? "" : "\"v" + of + "\"");
        out.write("]}\n");
      }
    }
    return file;
  }

  /** The key of a version. */
  static String key(String name, int version) {
    return String.format(Locale.ROOT, "%s-%08x", name, version * SPREAD);
  }
}
