package io.kdelta.image;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A tar of the format ustar (POSIX.1-1988), in which nothing depends on when, where or by whom it
 * is written: times are 0, owners are numbers, the order is the caller's. One thread.
 */
final class TarWriter implements Closeable {
  private static final int BLOCK_BYTES = 512;
  private static final int NAME_BYTES = 100;
  private static final int PREFIX_BYTES = 155;

  /** What eleven octal digits can say. */
  private static final long SIZE_MAX = (1L << 33) - 1;

  private static final char FILE = '0';
  private static final char LINK = '2';
  private static final char DIRECTORY = '5';

  private final OutputStream out;

  TarWriter(OutputStream out) {
    this.out = out;
  }

  /**
   * @param name without a slash at either end
   * @param owner number of user and group
   */
  void directory(String name, int mode, int owner) throws IOException {
    header(name + "/", DIRECTORY, mode, owner, 0, "");
  }

  void link(String name, String target) throws IOException {
    header(name, LINK, 0777, 0, 0, target);
  }

  void file(String name, int mode, int owner, byte[] content) throws IOException {
    header(name, FILE, mode, owner, content.length, "");
    out.write(content);
    pad(content.length);
  }

  void file(String name, int mode, int owner, Path source) throws IOException {
    long size = Files.size(source);
    header(name, FILE, mode, owner, size, "");
    long copied = Files.copy(source, out);
    if (copied != size) throw new IOException(source + " changed while it was read");
    pad(size);
  }

  private void header(String name, char kind, int mode, int owner, long size, String target)
      throws IOException {
    if (size > SIZE_MAX) throw new IOException(name + " is larger than a tar of ustar can hold");
    byte[] block = new byte[BLOCK_BYTES];
    int cut = cut(name);
    text(block, 0, NAME_BYTES, name.substring(cut == 0 ? 0 : cut + 1));
    octal(block, 100, 8, mode);
    octal(block, 108, 8, owner);
    octal(block, 116, 8, owner);
    octal(block, 124, 12, size);
    octal(block, 136, 12, 0);
    Arrays.fill(block, 148, 156, (byte) ' ');
    block[156] = (byte) kind;
    text(block, 157, NAME_BYTES, target);
    text(block, 257, 8, "ustar\00000");
    text(block, 345, PREFIX_BYTES, name.substring(0, cut));
    int sum = 0;
    for (byte b : block) sum += b & 0xFF;
    octal(block, 148, 7, sum);
    out.write(block);
  }

  /** Where a name is cut in two: at a slash, or 0 when it fits whole. */
  private static int cut(String name) throws IOException {
    if (length(name) <= NAME_BYTES) return 0;
    for (int slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
      boolean fits = length(name.substring(slash + 1)) <= NAME_BYTES && slash + 1 < name.length();
      if (fits && length(name.substring(0, slash)) <= PREFIX_BYTES) return slash;
    }
    throw new IOException("a name too long for a tar of ustar: " + name);
  }

  private static int length(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length;
  }

  private static void text(byte[] block, int offset, int length, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > length) throw new IOException("too long for a tar of ustar: " + text);
    System.arraycopy(bytes, 0, block, offset, bytes.length);
  }

  /** Digits and a zero byte behind them, {@code length} together. */
  private static void octal(byte[] block, int offset, int length, long value) throws IOException {
    String digits = Long.toOctalString(value);
    text(block, offset, length - 1, "0".repeat(length - 1 - digits.length()) + digits);
  }

  private void pad(long size) throws IOException {
    int rest = (int) (size % BLOCK_BYTES);
    if (rest > 0) out.write(new byte[BLOCK_BYTES - rest]);
  }

  @Override
  public void close() throws IOException {
    out.write(new byte[2 * BLOCK_BYTES]);
    out.close();
  }
}
