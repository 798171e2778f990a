package io.kdelta.cli;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;

/**
 * Standard input of a command at the prompt: lines that the person types, each when it is asked
 * for, until Ctrl-D. Ctrl-C ends the command. The thread of the command.
 */
final class TypedInput extends InputStream {
  private final LineReader reader;
  private byte[] line = {};
  private int next;
  private boolean ended;

  TypedInput(Terminal terminal) {
    this.reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .build();
    // What is typed here is no command.
    reader.setVariable(LineReader.DISABLE_HISTORY, true);
    reader.setVariable(LineReader.DISABLE_COMPLETION, true);
  }

  @Override
  public int read() {
    return more() ? line[next++] & 0xff : -1;
  }

  @Override
  public int read(byte[] target, int from, int count) {
    if (count == 0) return 0;
    if (!more()) return -1;
    int taken = Math.min(count, line.length - next);
    System.arraycopy(line, next, target, from, taken);
    next += taken;
    return taken;
  }

  private boolean more() {
    if (next < line.length) return true;
    if (ended) return false;
    try {
      line = (reader.readLine("... ") + "\n").getBytes(StandardCharsets.UTF_8);
      next = 0;
      return true;
    } catch (EndOfFileException e) {
      ended = true;
      return false;
    } catch (UserInterruptException e) {
      throw new CliException(ExitCode.INTERRUPTED, "INTERRUPTED", "interrupted", null, e);
    }
  }
}
