package io.kdelta.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/**
 * {@code ImageMain ROOT TARGET}: the image of what is built in the source tree ROOT, as the tar
 * TARGET. One thread.
 *
 * <p>Layers, so that what changes often is small: the runtime with the shared libraries; the
 * libraries of others; kdelta.
 */
public final class ImageMain {
  /** Nobody's number by custom, and not root's. */
  static final int USER = 65_532;

  private static final String HOME = "opt/kdelta";
  private static final int PRIVATE = 0700;
  private static final int SHARED_TEMPORARY = 01777;

  /**
   * What the jars name (jdeps), without java.desktop, which Jackson can do without; DNS for names
   * of servers; zipfs and jfr for who looks into a running node.
   */
  private static final String MODULES =
      "java.base,java.logging,java.management,java.naming,java.net.http,java.sql,jdk.httpserver,"
          + "jdk.jfr,jdk.management,jdk.naming.dns,jdk.unsupported,jdk.zipfs";

  private static final String PASSWD =
      """
      root:x:0:0:root:/:/sbin/nologin
      kdelta:x:65532:65532:kdelta:/data:/sbin/nologin
      """;

  private static final String GROUP =
      """
      root:x:0:
      kdelta:x:65532:
      """;

  private final Path root;
  private final Path work;

  private ImageMain(Path root, Path work) {
    this.root = root;
    this.work = work;
  }

  /** See the class; the exit code is not 0 when there is no image. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      throw new IllegalArgumentException("usage: ImageMain ROOT TARGET");
    }
    Path target = Path.of(arguments[1]);
    Path work = Files.createTempDirectory("kdelta-image");
    try {
      write(Path.of(arguments[0]), work, target);
    } finally {
      delete(work);
    }
    System.out.println(target + "  " + (Files.size(target) >> 20) + " MiB");
  }

  /**
   * Writes an image.
   *
   * @param root of the source tree, where node/target/kdelta.jar is built
   * @param work an empty folder; what is left in it is nobody's
   * @param target the tar
   */
  static void write(Path root, Path work, Path target) throws IOException {
    ImageMain image = new ImageMain(root, work);
    Path jar = root.resolve("node/target/kdelta.jar");
    if (!Files.exists(jar)) throw new IOException("no " + jar + "; mvn package makes it");
    List<Layer> layers = List.of(image.runtime(), image.libraries(), image.kdelta());
    OciLayout.write(layers, version(jar), work, target);
  }

  /** Without the word that says that it is not final. */
  private static String version(Path jar) throws IOException {
    try (JarFile open = new JarFile(jar.toFile())) {
      Manifest manifest = open.getManifest();
      String name = Attributes.Name.IMPLEMENTATION_VERSION.toString();
      String version = manifest == null ? null : manifest.getMainAttributes().getValue(name);
      if (version == null) throw new IOException(jar + " does not say its version");
      return version.replace("-SNAPSHOT", "");
    }
  }

  /** As images name it. */
  static String architecture() {
    String name = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return switch (name) {
      case "amd64", "x86_64" -> "amd64";
      case "aarch64", "arm64" -> "arm64";
      default -> throw new IllegalStateException("no image is made on " + name);
    };
  }

  private Layer runtime() throws IOException {
    Path runtime = work.resolve("runtime");
    Tools.run(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "jlink").toString(),
            "--add-modules",
            MODULES,
            "--strip-java-debug-attributes",
            "--no-header-files",
            "--no-man-pages",
            "--output",
            runtime.toString()));
    Layer layer = new Layer();
    layer.tree(HOME + "/runtime", runtime);
    Path natives = Files.createDirectory(work.resolve("natives"));
    Map<String, Path> shared = new SharedLibraries(runtime, jars(false), natives).find();
    for (Map.Entry<String, Path> library : shared.entrySet()) {
      layer.program(library.getKey().substring(1), library.getValue());
    }
    // Mount points, and all that the C library asks of a system.
    for (String empty : List.of("dev", "proc", "sys")) layer.folder(empty, 0755, 0);
    layer.folder("tmp", SHARED_TEMPORARY, 0);
    layer.folder("data", PRIVATE, USER);
    layer.text("etc/passwd", PASSWD);
    layer.text("etc/group", GROUP);
    layer.text("etc/nsswitch.conf", "hosts: files dns\n");
    return layer;
  }

  private Layer libraries() throws IOException {
    Layer layer = new Layer();
    for (Path jar : jars(false)) layer.file(HOME + "/lib/" + jar.getFileName(), jar);
    return layer;
  }

  private Layer kdelta() throws IOException {
    Layer layer = new Layer();
    for (Path jar : jars(true)) layer.file(HOME + "/lib/" + jar.getFileName(), jar);
    layer.file(HOME + "/kdelta.jar", root.resolve("node/target/kdelta.jar"));
    layer.file(HOME + "/jvm.options", root.resolve("deploy/image/jvm.options"));
    layer.file(HOME + "/LICENSE", root.resolve("LICENSE"));
    Path bill = root.resolve("node/target/kdelta-sbom.json");
    if (Files.exists(bill)) layer.file(HOME + "/sbom.json", bill);
    return layer;
  }

  /** Of node/target/lib: ours, or those of others. */
  private List<Path> jars(boolean ours) throws IOException {
    try (Stream<Path> files = Files.list(root.resolve("node/target/lib"))) {
      return new ArrayList<>(
          files
              .filter(file -> file.getFileName().toString().startsWith("kdelta-") == ours)
              .sorted()
              .toList());
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path path : walk.toList().reversed()) Files.delete(path);
    }
  }
}
