package io.kdelta.cli;

import io.kdelta.cli.demo.Commands;
import io.kdelta.cli.demo.DemoCluster;
import io.kdelta.cli.demo.Narrator;
import io.kdelta.cli.demo.Story;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code kdelta demo}: a cluster of three is cut and healed before your eyes. */
@Command(
    name = "demo",
    description = {
      "Show a cluster of three nodes being cut and healed.",
      "Needs nothing and leaves nothing behind; ends with 7 when the end is not as promised."
    })
final class DemoCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Option(fallbackValue = "true", names = "--fast", description = "Without pauses.")
  private boolean fast;

  @Option(
      fallbackValue = "true",
      names = "--interactive",
      description = "Go on at Enter, and leave the nodes and a prompt for commands of yours.")
  private boolean interactive;

  DemoCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (fast && interactive) {
      throw CliException.usage("--fast and --interactive exclude each other", null);
    }
    Console console = invocation.console();
    boolean colour = Colours.wanted(console, invocation.environment());
    Narrator.Pace pace =
        fast ? Narrator.Pace.FAST : interactive ? Narrator.Pace.STEPS : Narrator.Pace.STORY;
    Narrator narrator = new Narrator(console.out(), console.in(), pace, colour, program());
    narrator.greet();
    List<String> problems;
    try (DemoCluster cluster = new DemoCluster(kdelta())) {
      cluster.start();
      problems = new Story(cluster, new InProcess(console), narrator).tell();
      if (problems.isEmpty()) narrator.farewell();
      if (interactive) {
        new DemoPrompt(console, invocation.environment(), cluster, program()).run();
      }
    } catch (IOException e) {
      throw new CliException(
          ExitCode.UNEXPECTED,
          "UNEXPECTED",
          "the demo cannot go on: " + e.getMessage(),
          "it needs free ports on 127.0.0.1 and room in " + System.getProperty("java.io.tmpdir"),
          e);
    }
    if (problems.isEmpty()) return ExitCode.DONE;
    throw new CliException(
        ExitCode.DIFFERENT,
        "DEMO_FAILED",
        "the demo did not end as it should: " + String.join("; ", problems),
        null);
  }

  /** What the person typed to run kdelta, as the launcher knows. */
  private static String program() {
    return System.getProperty("kdelta.program", "kdelta");
  }

  /** A node as a process: the same program, with little memory and quickly there. */
  private static List<String> kdelta() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        System.getProperty("java.class.path"),
        Kdelta.class.getName());
  }

  /**
   * The commands in this process, which is what a process of their own does, and sooner.
   *
   * @param like the console of the demo, for its time
   */
  private record InProcess(Console like) implements Commands {
    @Override
    public Result run(List<String> words) {
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      PrintStream both = new PrintStream(said, true, StandardCharsets.UTF_8);
      return run(words, said, new Console(both, both, empty(), false, true, false, like.now()));
    }

    @Override
    public Result read(List<String> words) {
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
      PrintStream err = new PrintStream(java.io.OutputStream.nullOutputStream());
      return run(words, said, new Console(out, err, empty(), false, false, false, like.now()));
    }

    private static Result run(List<String> words, ByteArrayOutputStream said, Console console) {
      int exitCode = Kdelta.run(console, Map.of(), words);
      return new Result(exitCode, said.toString(StandardCharsets.UTF_8));
    }

    private static InputStream empty() {
      return InputStream.nullInputStream();
    }
  }
}
