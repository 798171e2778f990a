package io.kdelta.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a layer is what its entries say, byte for byte, whenever and in whatever order they were
 * added; what a tar cannot say is refused. Method: layers written twice; headers read by hand.
 */
final class LayerTest {
  private static final int BLOCK_BYTES = 512;

  @TempDir private Path folder;

  @Test
  void theSameEntriesAreTheSameBytes() throws Exception {
    Path source = Files.writeString(folder.resolve("source"), "content");
    Path first = folder.resolve("first");
    Path second = folder.resolve("second");
    Layer.Written one =
        new Layer().text("b/c", "text").file("a/source", source).link("b/a", "c").write(first);
    Files.setLastModifiedTime(source, FileTime.fromMillis(0));
    Layer.Written other =
        new Layer().link("b/a", "c").file("a/source", source).text("b/c", "text").write(second);
    assertEquals(one, other);
    assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
    assertEquals(Files.size(first), one.size());
    assertEquals(Sha256.hex(Files.readAllBytes(first)), one.digest());
    assertEquals(Sha256.hex(unpacked(first)), one.unpackedDigest());
  }

  @Test
  void foldersComeBeforeWhatIsInThem() throws Exception {
    Path file = folder.resolve("layer");
    var _ = new Layer().text("x/y", "12345").folder("tmp", 01777, 7).write(file);
    byte[] tar = unpacked(file);
    assertEquals("tmp/", name(tar, 0));
    assertEquals("0001777", text(tar, 100, 7));
    assertEquals("0000007", text(tar, 108, 7));
    assertEquals("x/", name(tar, 1));
    assertEquals("x/y", name(tar, 2));
    assertEquals("00000000005", text(tar, 2 * BLOCK_BYTES + 124, 11));
    assertEquals("00000000000", text(tar, 2 * BLOCK_BYTES + 136, 11));
    assertEquals("12345", text(tar, 3 * BLOCK_BYTES, 5));
    // Three headers, one block of content, two of zeros.
    assertEquals(6 * BLOCK_BYTES, tar.length);
  }

  @Test
  void aLongNameIsCutAtASlash() throws Exception {
    Path file = folder.resolve("layer");
    String parent = "p".repeat(90);
    String child = "c".repeat(90);
    var _ = new Layer().text(parent + "/" + child, "").write(file);
    byte[] tar = unpacked(file);
    assertEquals(child, name(tar, 1));
    assertEquals(parent, text(tar, BLOCK_BYTES + 345, 155));
    Layer tooLong = new Layer().text("n".repeat(101), "");
    assertThrows(IOException.class, () -> tooLong.write(file));
  }

  private static byte[] unpacked(Path file) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      in.transferTo(out);
    }
    return out.toByteArray();
  }

  private static String name(byte[] tar, int block) {
    return text(tar, block * BLOCK_BYTES, 100);
  }

  private static String text(byte[] tar, int offset, int length) {
    String text = new String(tar, offset, length, StandardCharsets.UTF_8);
    int end = text.indexOf('\0');
    return end < 0 ? text : text.substring(0, end);
  }
}
