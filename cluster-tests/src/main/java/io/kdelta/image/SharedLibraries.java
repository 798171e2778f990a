package io.kdelta.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The shared libraries of this machine that a runtime and the native code in its jars load: what
 * {@code ldd} answers, so the C library is the one of the machine that builds. One thread.
 */
final class SharedLibraries {
  private static final int NATIVE_BYTES_MAX = 64 << 20;

  /** {@code libc.so.6 => /lib/libc.so.6 (0x7f..)}, or the loader: a path alone. */
  private static final Pattern FOUND = Pattern.compile("\\s(/\\S+) \\(0x[0-9a-f]+\\)");

  /** How jars name machines. */
  private static final List<String> AMD64 = List.of("x86_64");

  private static final List<String> ARM64 = List.of("aarch_64", "aarch64");

  private static final Pattern MISSING = Pattern.compile("(\\S+) => not found");

  private final Path runtime;
  private final List<Path> jars;
  private final Path work;

  /**
   * @param runtime what jlink made
   * @param jars where native code may lie, too
   * @param work an empty folder for what is unpacked of them
   */
  SharedLibraries(Path runtime, List<Path> jars, Path work) {
    this.runtime = runtime;
    this.jars = List.copyOf(jars);
    this.work = work;
  }

  /** Files of this machine by the names that the loader looks for, absolute. */
  Map<String, Path> find() throws IOException {
    List<Path> binaries = new ArrayList<>();
    try (Stream<Path> walk = Files.walk(runtime)) {
      walk.filter(Files::isRegularFile).filter(SharedLibraries::isBinary).forEach(binaries::add);
    }
    TreeSet<String> own = new TreeSet<>();
    for (Path binary : binaries) own.add(binary.getFileName().toString());
    for (Path jar : jars) unpack(jar, binaries);
    TreeMap<String, Path> found = new TreeMap<>();
    for (Path binary : binaries) {
      String said = Tools.run(List.of("ldd", binary.toString()));
      for (Matcher m = MISSING.matcher(said); m.find(); ) {
        // The JVM loads its own libraries before those that need them.
        if (own.contains(m.group(1))) continue;
        throw new IOException(
            binary.getFileName() + " needs " + m.group(1) + ", which this machine lacks");
      }
      for (Matcher m = FOUND.matcher(said); m.find(); ) {
        Path library = Path.of(m.group(1)).normalize();
        if (!library.startsWith(runtime)) found.put(library.toString(), library.toRealPath());
      }
    }
    return found;
  }

  private static boolean isBinary(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(".so") || file.endsWith("bin/java");
  }

  /** Native code in a jar for the machine that this is. */
  private void unpack(Path jar, List<Path> binaries) throws IOException {
    List<String> names = ImageMain.architecture().equals("amd64") ? AMD64 : ARM64;
    try (JarFile open = new JarFile(jar.toFile())) {
      for (JarEntry entry : open.stream().toList()) {
        String name = entry.getName();
        if (!name.endsWith(".so") || names.stream().noneMatch(name::contains)) continue;
        if (entry.getSize() > NATIVE_BYTES_MAX) throw new IOException(name + " is too large");
        Path target = work.resolve(Path.of(name).getFileName());
        try (InputStream in = open.getInputStream(entry)) {
          Files.copy(in, target);
        }
        binaries.add(target);
      }
    }
  }
}
