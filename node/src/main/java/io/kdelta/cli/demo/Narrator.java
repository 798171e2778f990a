package io.kdelta.cli.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Tells the story: headings, sentences, commands as a person types them, and what they said. */
public final class Narrator {
  private static final Duration PAUSE = Duration.ofMillis(1_500);
  private static final String BOLD = "\u001b[1m";
  private static final String DIM = "\u001b[2m";
  private static final String PLAIN = "\u001b[0m";

  /** How fast the story goes on. */
  public enum Pace {
    /** Without a pause. */
    FAST,
    /** With time to read. */
    STORY,
    /** At the key Enter. */
    STEPS
  }

  private final PrintStream out;
  private final InputStream in;
  private final Pace pace;
  private final boolean colour;
  private final String program;
  private int chapters;

  /**
   * @param in where Enter comes from
   * @param colour whether headings and commands may stand out
   * @param program what a person types to run kdelta
   */
  public Narrator(PrintStream out, InputStream in, Pace pace, boolean colour, String program) {
    this.out = out;
    this.in = in;
    this.pace = pace;
    this.colour = colour;
    this.program = program;
  }

  /** Before anything has begun. */
  public void greet() {
    out.println(
        "Three kdelta nodes start on this machine, each a process, a proxy in every link ...");
    out.flush();
  }

  /** After a story that ended well. */
  public void farewell() {
    out.println();
    out.println(
        "That was kdelta: every node takes writes, every write is kept, branches are shown.");
    out.println("Next: " + program + " start, then " + program + " help.");
    out.flush();
  }

  /** The next part of the story, after a pause. */
  void chapter(String title) throws IOException, InterruptedException {
    if (chapters > 0) pause();
    chapters++;
    out.println();
    out.println(styled(BOLD, chapters + ". " + title));
    out.flush();
  }

  void say(String sentences) {
    out.println(sentences);
    out.flush();
  }

  /** A command, as it can be typed in another terminal. */
  void command(List<String> words) {
    List<String> quoted = new ArrayList<>(List.of(program));
    for (String word : words) quoted.add(quoted(word));
    out.println();
    out.println(styled(DIM, "$ ") + styled(BOLD, String.join(" ", quoted)));
    out.flush();
  }

  /** What a command said. */
  void answer(String text) {
    out.print(text);
    if (!text.isEmpty() && !text.endsWith("\n")) out.println();
    out.flush();
  }

  private void pause() throws IOException, InterruptedException {
    switch (pace) {
      case FAST -> {}
      case STORY -> Thread.sleep(PAUSE);
      case STEPS -> awaitEnter();
    }
  }

  private void awaitEnter() throws IOException {
    out.print(styled(DIM, "-- Enter goes on, Ctrl-C ends --"));
    out.flush();
    int read = in.read();
    while (read >= 0 && read != '\n') read = in.read();
    if (read < 0) out.println();
  }

  private String styled(String style, String text) {
    return colour ? style + text + PLAIN : text;
  }

  /** As a shell wants it. */
  static String quoted(String word) {
    boolean bare =
        !word.isEmpty()
            && word.chars()
                .allMatch(c -> Character.isLetterOrDigit(c) || "-_./:,=@+".indexOf(c) >= 0);
    return bare ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
