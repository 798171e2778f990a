package io.kdelta.sim;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;

/**
 * A bug planted on purpose, as a text patch on the product's own sources: proof that an oracle can
 * fail. The patched sources are compiled into a folder of their own and loaded by a class loader of
 * their own, beside the product, which has no switch for any of this.
 *
 * @param number the number of simulation.md section 4
 * @param name what is wrong, in a few words
 * @param oracles those that may notice it: one of them must
 * @param patches what is changed where
 */
public record PlantedBug(int number, String name, Set<String> oracles, List<Patch> patches) {
  /**
   * One replacement in one source file. {@code before} must stand in the file exactly once.
   *
   * @param source path of the file below the project's root
   * @param before the text that is there
   * @param after the text that is put in its place
   */
  public record Patch(String source, String before, String after) {}

  /** The same sources without the bug: what it would be compared with. */
  PlantedBug withoutChange() {
    List<Patch> none = new ArrayList<>();
    for (Patch patch : patches) none.add(new Patch(patch.source, patch.before, patch.before));
    return new PlantedBug(number, name, oracles, none);
  }

  /** The project's own packages: what the class loader of a planted bug must not share. */
  private static final String PRODUCT = "io.kdelta.";

  /**
   * Compiles the patched sources into {@code folder} and answers a loader in which they stand in
   * place of the product's.
   *
   * @throws AssertionError if a patch no longer applies or no longer compiles
   */
  public ClassLoader plant(Path root, Path folder) throws IOException {
    List<Path> sources = new ArrayList<>();
    for (Patch patch : patches) {
      Path source = root.resolve(patch.source);
      Path changed = folder.resolve("src").resolve(patch.source);
      String text = Files.readString(Files.exists(changed) ? changed : source);
      int at = text.indexOf(patch.before);
      if (at < 0 || text.indexOf(patch.before, at + 1) >= 0) {
        throw new AssertionError(
            "planted bug "
                + number
                + " ("
                + name
                + "): its text must stand exactly once in "
                + patch.source
                + ", mend the patch:\n"
                + patch.before);
      }
      Files.createDirectories(changed.resolveSibling("."));
      Files.writeString(
          changed,
          text.substring(0, at) + patch.after + text.substring(at + patch.before.length()));
      if (!sources.contains(changed)) sources.add(changed);
    }
    Path classes = Files.createDirectories(folder.resolve("classes"));
    compile(sources, classes);
    return new Beside(classes);
  }

  private void compile(List<Path> sources, Path classes) throws IOException {
    var compiler = ToolProvider.getSystemJavaCompiler();
    var problems = new DiagnosticCollector<JavaFileObject>();
    try (var files = compiler.getStandardFileManager(problems, Locale.ROOT, null)) {
      List<String> options =
          List.of("-proc:none", "-nowarn", "-cp", classPath(), "-d", classes.toString());
      boolean compiled =
          compiler
              .getTask(
                  null, files, problems, options, null, files.getJavaFileObjectsFromPaths(sources))
              .call();
      if (!compiled) {
        List<String> errors = new ArrayList<>();
        for (var problem : problems.getDiagnostics()) {
          if (problem.getKind() == Diagnostic.Kind.ERROR) errors.add(problem.toString());
        }
        throw new AssertionError(
            "planted bug " + number + " (" + name + ") does not compile: " + errors);
      }
    }
  }

  private static String classPath() {
    return System.getProperty("java.class.path");
  }

  /** Loads the product anew, patched classes first; everything else comes from the parent. */
  private static final class Beside extends URLClassLoader {
    Beside(Path classes) throws MalformedURLException {
      super(urls(classes), PlantedBug.class.getClassLoader());
    }

    private static URL[] urls(Path classes) throws MalformedURLException {
      List<URL> urls = new ArrayList<>();
      urls.add(classes.toUri().toURL());
      for (String entry : Arrays.asList(classPath().split(java.io.File.pathSeparator, -1))) {
        if (!entry.isEmpty()) urls.add(Path.of(entry).toUri().toURL());
      }
      return urls.toArray(URL[]::new);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(PRODUCT)) return super.loadClass(name, resolve);
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded != null ? loaded : findClass(name);
      }
    }
  }
}
