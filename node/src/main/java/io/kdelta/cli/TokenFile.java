package io.kdelta.cli;

import io.kdelta.causal.CausalToken;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Base64;

/**
 * Where a context keeps its causal token between two commands: one line of base64, so that it can
 * be handed on. Commands that run side by side add to it in turns. A damaged file, or none, is a
 * session that begins.
 */
final class TokenFile {
  private static final int NAME_LENGTH_MAX = 120;
  private static final int BYTES_MAX = 2 * CausalToken.BYTES_MAX;

  private final Path directory;
  private final Path path;

  /** The file of that context below {@code home}. */
  TokenFile(Path home, String context) {
    String name = context.replaceAll("[^A-Za-z0-9.,_-]", "_");
    if (name.startsWith(".")) name = "_" + name;
    if (name.length() > NAME_LENGTH_MAX) name = name.substring(0, NAME_LENGTH_MAX);
    this.directory = home.resolve(".kdelta").resolve("tokens");
    this.path = directory.resolve(name);
  }

  /** What the context has seen. */
  CausalToken load() throws IOException {
    return Files.exists(path)
        ? read(Files.readString(path, StandardCharsets.ISO_8859_1))
        : CausalToken.NONE;
  }

  /**
   * Keeps what the context has seen.
   *
   * @param anew whether what was kept before is forgotten
   */
  void save(CausalToken seen, boolean anew) throws IOException {
    Files.createDirectories(directory);
    try (FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      file.lock();
      CausalToken all = seen;
      if (!anew) {
        ByteBuffer kept = ByteBuffer.allocate(BYTES_MAX);
        while (kept.hasRemaining() && file.read(kept, kept.position()) > 0) {}
        CausalToken before =
            read(new String(kept.array(), 0, kept.position(), StandardCharsets.ISO_8859_1));
        if (before.cluster() == seen.cluster()) all = before.union(seen).fitted();
      }
      ByteBuffer line = ByteBuffer.wrap((text(all) + "\n").getBytes(StandardCharsets.ISO_8859_1));
      file.truncate(0);
      while (line.hasRemaining()) file.write(line, line.position());
    }
  }

  /** A token as a person hands it on. */
  static String text(CausalToken token) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token.encode().toArray());
  }

  /** What {@link #text} gave; Invalid for anything else. */
  static CausalToken parse(String text) {
    try {
      return CausalToken.decode(Bytes.wrap(Base64.getUrlDecoder().decode(text.strip())));
    } catch (IllegalArgumentException e) {
      throw new KdeltaException.Invalid("token", "is not base64");
    }
  }

  private static CausalToken read(String text) {
    try {
      return parse(text);
    } catch (KdeltaException.Invalid e) {
      return CausalToken.NONE;
    }
  }
}
