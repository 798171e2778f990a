package io.kdelta.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Runs all phases of all engines, each in a process of its own, and prints the table.
 *
 * <p>System properties: {@code bench} (storage, documents or reconciliation), {@code reps} (3),
 * {@code rows} (phases: machine, load, durable, crash, overwrite), {@code engines}
 * (kdelta,rocksdb,lmdb,h2), {@code quick}, {@code data} (a directory on the disk to be measured,
 * emptied before and after).
 */
public final class Bench {
  private static final List<String> PHASES =
      List.of("machine", "load", "durable", "crash", "overwrite");
  private static final List<String> ENGINES = List.of("kdelta", "rocksdb", "lmdb", "h2");

  /** Engines that count what they write. */
  private static final List<String> COUNTING = List.of("kdelta", "rocksdb");

  private static final int CHILD_SECONDS_MAX = 600;

  private final Path directory;
  private final Figures figures = new Figures();

  private Bench(Path directory) {
    this.directory = directory;
  }

  /** Prints the table. Ends with a stack trace when a phase fails, never because of a figure. */
  public static void main(String[] args) throws Exception {
    String bench = property("bench", "storage");
    if (bench.equals("reconciliation")) {
      SyncPhase.run();
      return;
    }
    boolean storage = bench.equals("storage");
    if (!storage && !bench.equals("documents")) throw new IllegalArgumentException(bench);
    int repetitions = Integer.parseInt(property("reps", Sizes.quick() ? "1" : "3"));
    List<String> phases =
        chosen("rows", storage ? PHASES : List.of("machine", "documents", "growth"));
    List<String> engines = storage ? chosen("engines", ENGINES) : List.of("kdelta");
    Bench run = new Bench(Path.of(property("data", "target/bench-data")).toAbsolutePath());
    String load = Meter.load();
    try {
      for (int i = 1; i <= repetitions; i++) {
        for (String phase : phases) run.phase(phase, engines, i);
      }
    } finally {
      Meter.wipe(run.directory);
    }
    Sizes sizes = Sizes.fromProperties();
    List<Goal> goals = storage ? Goals.storage(sizes) : Goals.documents();
    String loads = load + " before, " + Meter.load() + " after";
    Report report = new Report(run.figures, engines);
    System.out.println();
    System.out.println(report.table(storage ? sizes.toString() : "", goals, repetitions, loads));
  }

  /** An empty property counts as none: that is what Maven passes on. */
  private static String property(String name, String usual) {
    String given = System.getProperty(name, "");
    return given.isEmpty() ? usual : given;
  }

  private static List<String> chosen(String property, List<String> all) {
    String given = property(property, "");
    if (given.isEmpty()) return all;
    List<String> chosen = List.of(given.split(",", -1));
    if (!all.containsAll(chosen)) throw new IllegalArgumentException(chosen + " of " + all);
    return chosen;
  }

  private void phase(String phase, List<String> engines, int repetition) throws Exception {
    if (phase.equals("machine")) {
      measure(phase, Figures.MACHINE, repetition);
      return;
    }
    for (String engine : engines) {
      // LMDB has no log that a crash could leave full.
      if (phase.equals("crash") && engine.equals("lmdb")) continue;
      if (phase.equals("overwrite") && !COUNTING.contains(engine)) continue;
      // It only has notes, and those of the first repetition are shown.
      if (phase.equals("growth") && repetition > 1) continue;
      measure(phase, engine, repetition);
    }
  }

  private void measure(String phase, String engine, int repetition) throws Exception {
    Meter.wipe(directory);
    Files.createDirectories(directory);
    long start = System.nanoTime();
    if (phase.equals("crash")) {
      child("crash-write", engine, repetition);
      child("crash-open", engine, repetition);
    } else {
      child(phase, engine, repetition);
    }
    System.err.printf(
        Locale.ROOT,
        "%d. %s of %s: %.1f s%n",
        repetition,
        phase,
        engine,
        (System.nanoTime() - start) / 1e9);
  }

  private void child(String phase, String engine, int repetition) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command(phase, engine));
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    boolean killed = false;
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.equals(Meter.READY)) {
          process.destroyForcibly();
          killed = true;
        } else {
          take(engine, line, repetition);
        }
      }
    } catch (IOException e) {
      if (!killed) throw e;
    } finally {
      if (!process.waitFor(CHILD_SECONDS_MAX, TimeUnit.SECONDS)) process.destroyForcibly();
    }
    if (!killed && process.exitValue() != 0) {
      throw new IllegalStateException(
          phase + " of " + engine + " ended with " + process.exitValue());
    }
  }

  private void take(String engine, String line, int repetition) {
    if (line.startsWith(Meter.FIGURE)) {
      String[] parts = line.substring(Meter.FIGURE.length()).split(" ", -1);
      figures.add(engine, parts[0], Double.parseDouble(parts[1]));
      System.err.println("  " + engine + " " + parts[0] + " " + parts[1]);
    } else if (line.startsWith(Meter.NOTE)) {
      String note = line.substring(Meter.NOTE.length());
      if (repetition == 1) figures.note(engine + ": " + note);
    }
  }

  private List<String> command(String phase, String engine) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx4g",
            // As the launcher starts a node: see there.
            "-XX:+UseCompactObjectHeaders",
            "-XX:+UseG1GC",
            "-XX:PerBytecodeRecompilationCutoff=100000",
            "-XX:PerMethodRecompilationCutoff=100000",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-opens=java.base/java.lang=ALL-UNNAMED"));
    for (String property : List.of("quick", "n", "overwrites")) {
      String value = System.getProperty(property);
      if (value != null) command.add("-D" + property + "=" + value);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Child.class.getName(), phase, engine));
    command.add(directory.resolve("store").toString());
    return command;
  }
}
