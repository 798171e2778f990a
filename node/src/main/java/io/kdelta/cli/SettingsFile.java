package io.kdelta.cli;

import io.kdelta.server.ClosestWord;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A file of settings that a person may edit: UTF-8, a line each.
 *
 * <pre>
 * # behind this sign a line says nothing
 * key = value
 * </pre>
 *
 * <p>Keys are those of {@link Settings#KEYS}; a key that is none, or stands there twice, is an
 * error. What is not a setting stays as it is when one is changed.
 */
final class SettingsFile {
  private static final int BYTES_MAX = 64 << 10;

  private final Path path;

  SettingsFile(Path path) {
    this.path = path;
  }

  Path path() {
    return path;
  }

  boolean exists() {
    return Files.isRegularFile(path);
  }

  /** What it says; nothing when there is no file. Usage for a file that makes no sense. */
  Map<String, String> read() {
    TreeMap<String, String> values = new TreeMap<>();
    int number = 0;
    for (String line : lines()) {
      number++;
      String key = key(line);
      if (key.isEmpty()) continue;
      int equals = line.indexOf('=');
      if (equals < 0) throw refused(number, "'" + line.strip() + "' is not key = value", null);
      if (!Settings.KEYS.contains(key)) {
        throw refused(number, "no such setting '" + key + "'", key);
      }
      if (values.put(key, line.substring(equals + 1).strip()) != null) {
        throw refused(number, key + " stands there twice", null);
      }
    }
    return values;
  }

  /** Sets a key, or takes it out when {@code value} is empty; whether that changed anything. */
  boolean set(String key, String value) {
    List<String> before = lines();
    List<String> after = new ArrayList<>();
    boolean there = false;
    for (String line : before) {
      if (!key(line).equals(key)) {
        after.add(line);
      } else if (!value.isEmpty() && !there) {
        after.add(key + " = " + value);
        there = true;
      }
    }
    if (!value.isEmpty() && !there) after.add(key + " = " + value);
    if (after.equals(before)) return false;
    write(String.join("\n", after) + (after.isEmpty() ? "" : "\n"));
    return true;
  }

  /** Another file takes its place, so that nobody reads half of it; a link to it stays. */
  private void write(String text) {
    try {
      Path target = exists() ? path.toRealPath() : path.toAbsolutePath();
      Path folder = target.getParent();
      if (folder == null) throw new IOException(path + " lies in no folder");
      Files.createDirectories(folder);
      Path fresh = Files.createTempFile(folder, "." + target.getFileName(), ".new");
      try {
        Files.writeString(fresh, text);
        Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException e) {
      throw failed("cannot write " + path + ": " + e.getMessage(), e);
    }
  }

  private List<String> lines() {
    if (!exists()) return List.of();
    try {
      if (Files.size(path) > BYTES_MAX) {
        throw CliException.usage(
            path + " is longer than " + BYTES_MAX + " bytes", "mend or remove it");
      }
      List<String> lines = new ArrayList<>();
      for (String line : Files.readString(path, StandardCharsets.UTF_8).split("\n", -1)) {
        lines.add(line.endsWith("\r") ? line.substring(0, line.length() - 1) : line);
      }
      if (lines.getLast().isEmpty()) lines.removeLast();
      return lines;
    } catch (CharacterCodingException e) {
      throw CliException.usage(path + " is no UTF-8", "mend or remove it");
    } catch (IOException e) {
      throw failed("cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  /** The key of a line; empty where the line says nothing. */
  private static String key(String line) {
    String text = line.strip();
    if (text.isEmpty() || text.startsWith("#")) return "";
    int equals = text.indexOf('=');
    return equals < 0 ? text : text.substring(0, equals).strip();
  }

  private CliException refused(int number, String why, @Nullable String key) {
    String hint =
        key == null
            ? "mend the line, or remove the file"
            : "did you mean " + ClosestWord.of(key, Settings.KEYS) + "?";
    return CliException.usage(path + ", line " + number + ": " + why, hint);
  }

  private static CliException failed(String message, IOException cause) {
    return new CliException(ExitCode.UNEXPECTED, "IO", message, null, cause);
  }
}
