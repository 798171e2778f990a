package io.kdelta.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The records of comma separated values as RFC 4180 has them: cells in quotes may hold commas, line
 * ends and doubled quotes; lines end with CRLF or LF; a byte order mark at the beginning is passed
 * over, and so is an empty line. UTF-8. What is none is an error with its line. One thread.
 */
final class CsvReader {
  /** Of one record: more than the largest document. */
  private static final int RECORD_BYTES_MAX = 40 << 20;

  private static final int CELLS_MAX = 100_000;
  private static final int END = -1;
  private static final int BOM_1 = 0xEF;
  private static final int BOM_2 = 0xBB;
  private static final int BOM_3 = 0xBF;

  /**
   * One cell.
   *
   * @param quoted whether it stood in quotes: then it is text whatever it looks like
   */
  record Cell(String text, boolean quoted) {}

  /**
   * One record.
   *
   * @param line on which it begins, from 1
   */
  record Row(long line, List<Cell> cells) {}

  private final InputStream in;
  private final String source;
  private long line = 1;
  private long readBytes;
  private int recordBytes;
  private int ahead;

  /**
   * @param in buffered by the caller, who closes it
   * @param source for messages
   */
  CsvReader(InputStream in, String source) throws IOException {
    this.in = in;
    this.source = source;
    this.ahead = in.read();
    if (ahead == BOM_1) {
      if (in.read() != BOM_2 || in.read() != BOM_3) throw bad(1, "is no UTF-8");
      readBytes = 3;
      ahead = in.read();
    }
  }

  /** Bytes read so far. */
  long readBytes() {
    return readBytes;
  }

  /** The next record that is no empty line, or null at the end. */
  @Nullable Row next() throws IOException {
    while (ahead == '\n' || ahead == '\r') {
      if (take() == '\r' && ahead != '\n') throw bad(line, "has a carriage return alone");
      if (ahead == '\n') take();
      line++;
    }
    if (ahead == END) return null;
    long begin = line;
    recordBytes = 0;
    List<Cell> cells = new ArrayList<>();
    while (true) {
      cells.add(ahead == '"' ? quoted() : bare());
      if (cells.size() > CELLS_MAX) throw bad(begin, "has more than " + CELLS_MAX + " cells");
      if (ahead != ',') break;
      take();
    }
    if (ahead == '\r') take();
    if (ahead == '\n') take();
    line++;
    return new Row(begin, cells);
  }

  private Cell bare() throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    while (ahead != ',' && ahead != '\n' && ahead != END) {
      int b = take();
      if (b == '"') throw bad(line, "has a quote in a cell that does not begin with one");
      if (b == '\r') {
        if (ahead != '\n') throw bad(line, "has a carriage return alone");
        break;
      }
      text.write(b);
    }
    return new Cell(decoded(text), false);
  }

  private Cell quoted() throws IOException {
    long begin = line;
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    take();
    while (true) {
      if (ahead == END) throw bad(begin, "opens a quote that nothing closes");
      int b = take();
      if (b == '\n') line++;
      if (b != '"') {
        text.write(b);
      } else if (ahead == '"') {
        text.write(take());
      } else {
        break;
      }
    }
    if (ahead == '\r') {
      take();
      if (ahead != '\n') throw bad(line, "has a carriage return alone");
    }
    if (ahead != ',' && ahead != '\n' && ahead != END) throw bad(line, "goes on behind a quote");
    return new Cell(decoded(text), true);
  }

  private int take() throws IOException {
    int taken = ahead;
    ahead = in.read();
    readBytes++;
    if (++recordBytes > RECORD_BYTES_MAX) {
      throw bad(line, "is in a record of more than " + RECORD_BYTES_MAX + " bytes");
    }
    return taken;
  }

  private String decoded(ByteArrayOutputStream bytes) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw bad(line, "is no UTF-8");
    }
  }

  private CliException bad(long at, String what) {
    return CliException.usage(source + ", line " + at + " " + what, null);
  }
}
