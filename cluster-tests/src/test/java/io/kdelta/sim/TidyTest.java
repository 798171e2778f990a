package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.googlejavaformat.java.Formatter;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: the sources themselves obey the house rules. Method: every .java file of the project is
 * formatted, parsed and read; {@code -Dkdelta.tidy=fix} rewrites the format instead of failing.
 */
final class TidyTest {
  private static final Path ROOT = Path.of(System.getProperty("kdelta.root"));
  private static final boolean FIX = "fix".equals(System.getProperty("kdelta.tidy"));
  private static final int FILE_LINES_MAX = 600;
  private static final int METHOD_LINES_MAX = 70;
  private static final Pattern UNFINISHED =
      Pattern.compile("\\b(TO" + "DO|FIX" + "ME|X" + "XX|HA" + "CK)\\b");
  private static final Pattern ROOM_WITHOUT_PURPOSE =
      Pattern.compile("(Utils?|Helpers?|Manager|Impl|Base|Common)\\.java$");

  @Test
  void sourcesAreFormatted() throws Exception {
    List<String> untidy = new ArrayList<>();
    for (Path file : sources()) {
      String text = Files.readString(file);
      String tidy = new Formatter().formatSourceAndFixImports(text);
      if (text.equals(tidy)) continue;
      if (FIX) {
        Files.writeString(file, tidy);
      } else {
        untidy.add(name(file));
      }
    }
    assertEquals(List.of(), untidy, "run: mvn verify -Dkdelta.tidy=fix");
  }

  @Test
  void filesAndMethodsAreShort() throws Exception {
    List<String> tooLong = new ArrayList<>();
    for (Path file : sources()) {
      int lines = Files.readAllLines(file).size();
      if (lines > FILE_LINES_MAX) tooLong.add(name(file) + " has " + lines + " lines");
    }
    tooLong.addAll(longMethods());
    assertEquals(List.of(), tooLong);
  }

  @Test
  void everyPackageSaysWhatItIsFor() throws Exception {
    TreeSet<String> silent = new TreeSet<>();
    for (Path file : sources()) {
      Path folder = file.resolveSibling("").normalize();
      if (folder.toString().contains("/src/main/")
          && !Files.exists(folder.resolve("package-info.java"))) {
        silent.add(name(folder));
      }
    }
    assertEquals(new TreeSet<String>(), silent, "packages without package-info.java");
  }

  @Test
  void nothingIsLeftUnfinished() throws Exception {
    List<String> found = new ArrayList<>();
    for (Path file : sources()) {
      if (ROOM_WITHOUT_PURPOSE.matcher(file.toString()).find()) {
        found.add(name(file) + ": a room without a purpose in its name");
      }
      int line = 0;
      for (String text : Files.readAllLines(file)) {
        line++;
        if (UNFINISHED.matcher(text).find())
          found.add(name(file) + ":" + line + " " + text.strip());
      }
    }
    assertEquals(List.of(), found);
  }

  private static List<String> longMethods() throws IOException {
    List<String> found = new ArrayList<>();
    var compiler = ToolProvider.getSystemJavaCompiler();
    try (var files = compiler.getStandardFileManager(null, Locale.ROOT, null)) {
      var units = files.getJavaFileObjectsFromPaths(sources());
      var task =
          (JavacTask) compiler.getTask(null, files, null, List.of("-proc:none"), null, units);
      var positions = Trees.instance(task).getSourcePositions();
      for (CompilationUnitTree unit : task.parse()) {
        new TreePathScanner<@Nullable Void, @Nullable Void>() {
          @Override
          public @Nullable Void visitMethod(MethodTree method, @Nullable Void nothing) {
            if (method.getBody() != null) {
              long from = unit.getLineMap().getLineNumber(positions.getStartPosition(unit, method));
              long to = unit.getLineMap().getLineNumber(positions.getEndPosition(unit, method));
              if (to - from + 1 > METHOD_LINES_MAX) {
                found.add(
                    name(Path.of(unit.getSourceFile().getName()))
                        + ":"
                        + from
                        + " "
                        + method.getName()
                        + " has "
                        + (to - from + 1)
                        + " lines");
              }
            }
            return super.visitMethod(method, null);
          }
        }.scan(unit, null);
      }
    }
    return found;
  }

  private static List<Path> sources() throws IOException {
    try (var walk = Files.walk(ROOT)) {
      List<Path> found =
          walk.filter(p -> p.toString().endsWith(".java"))
              .filter(p -> !ROOT.relativize(p).toString().contains("target/"))
              .sorted()
              .toList();
      assertTrue(!found.isEmpty(), "no sources under " + ROOT);
      return found;
    }
  }

  private static String name(Path file) {
    return ROOT.relativize(file.toAbsolutePath()).toString();
  }
}
