package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: comma separated values are read as RFC 4180 has them, keep what they say, and a row that
 * cannot be read is told with its line. Method: examples; seeded random tables written and read
 * again; whole imports against a node.
 */
final class CsvTest {
  private static final int SEEDS = 300;
  @TempDir private Path folder = Path.of("");

  private static List<CsvReader.Row> read(String text) {
    return read(text.getBytes(StandardCharsets.UTF_8));
  }

  private static List<CsvReader.Row> read(byte[] bytes) {
    try {
      CsvReader reader = new CsvReader(new ByteArrayInputStream(bytes), "f");
      List<CsvReader.Row> rows = new ArrayList<>();
      for (CsvReader.Row row = reader.next(); row != null; row = reader.next()) rows.add(row);
      return rows;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String shown(String text) {
    StringBuilder out = new StringBuilder();
    for (CsvReader.Row row : read(text)) {
      out.append(row.line()).append(':');
      for (CsvReader.Cell cell : row.cells()) {
        out.append(cell.quoted() ? "<" : "[").append(cell.text().replace("\r\n", "CRLF"));
        out.append(cell.quoted() ? ">" : "]");
      }
      out.append('\n');
    }
    return out.toString();
  }

  @Test
  void records() {
    assertEquals("1:[a][b]\n2:[1][]\n", shown("a,b\r\n1,\r\n"));
    assertEquals("1:[a][b]\n3:[ 1 ][2]\n", shown("\uFEFFa,b\n\n 1 ,2"));
    assertEquals(
        "1:<a,\"b\"><>\n2:<xCRLFy>[z]\n4:[w]\n", shown("\"a,\"\"b\"\"\",\"\"\n\"x\r\ny\",z\nw"));
    assertEquals("", shown(""));
    assertEquals("1:[][]\n", shown(","));
  }

  private static String refused(byte[] bytes) {
    return assertThrows(CliException.class, () -> read(bytes)).text();
  }

  private static String refused(String text) {
    return refused(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void whatIsNone() {
    assertEquals("f, line 2 opens a quote that nothing closes", refused("a\n\"b\nc\n"));
    assertEquals("f, line 2 goes on behind a quote", refused("a\n\"b\"c\n"));
    assertEquals("f, line 1 has a quote in a cell that does not begin with one", refused("a\"b"));
    assertEquals("f, line 2 has a carriage return alone", refused("a\nb\rc"));
    assertEquals("f, line 2 is no UTF-8", refused(new byte[] {'a', '\n', (byte) 0xC3}));
  }

  @Test
  void whatWasWrittenIsRead() {
    String letters = "ab,\"\r\n ü1";
    for (long seed = 1; seed <= SEEDS; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<List<String>> table = new ArrayList<>();
      StringBuilder text = new StringBuilder(random.nextBoolean() ? "\uFEFF" : "");
      int columns = 1 + random.nextInt(4);
      for (int rows = random.nextInt(6); rows > 0; rows--) {
        List<String> row = new ArrayList<>();
        for (int i = 0; i < columns; i++) {
          StringBuilder cell = new StringBuilder();
          for (int n = random.nextInt(5); n > 0; n--) {
            cell.append(letters.charAt(random.nextInt(letters.length())));
          }
          row.add(cell.toString());
          boolean bare = cell.chars().noneMatch(c -> ",\"\r\n".indexOf(c) >= 0);
          boolean quotes = !bare || cell.isEmpty() || random.nextBoolean();
          text.append(i == 0 ? "" : ",");
          text.append(quotes ? '"' + cell.toString().replace("\"", "\"\"") + '"' : cell);
        }
        table.add(row);
        text.append(random.nextBoolean() ? "\r\n" : "\n");
      }
      assertEquals(
          table,
          read(text.toString()).stream()
              .map(row -> row.cells().stream().map(CsvReader.Cell::text).toList())
              .toList(),
          "seed " + seed);
    }
  }

  @Test
  void documents() throws IOException {
    Path file = folder.resolve("t.csv");
    Files.writeString(
        file,
        String.join(
            "\r\n",
            "id,n,b,s",
            "a,12345678901234567890,true,x",
            "b,0.10,TRUE,\"5\"",
            "c,007,,\"\"",
            "d,0.12345678901234567890123,-0,1e999",
            "7,-1.5e3,false,\"a\nb\""));
    assertEquals(
        List.of(
            "2 {\"key\":\"a\",\"value\":{\"id\":\"a\",\"n\":12345678901234567890,\"b\":true,\"s\":\"x\"}}",
            "3 {\"key\":\"b\",\"value\":{\"id\":\"b\",\"n\":0.10,\"b\":\"TRUE\",\"s\":\"5\"}}",
            "4 {\"key\":\"c\",\"value\":{\"id\":\"c\",\"n\":\"007\",\"s\":\"\"}}",
            "5 {\"key\":\"d\",\"value\":{\"id\":\"d\",\"n\":\"0.12345678901234567890123\",\"b\":\"-0\",\"s\":\"1e999\"}}",
            "6 {\"key\":\"7\",\"value\":{\"id\":7,\"n\":-1.5e3,\"b\":false,\"s\":\"a\\nb\"}}"),
        lines(file, "id", false));
    assertEquals(
        "4 {\"key\":\"c\",\"value\":{\"id\":\"c\",\"n\":\"007\",\"b\":\"\",\"s\":\"\"}}",
        lines(file, "id", true).get(2));
  }

  private static List<String> lines(Path file, String key, boolean strings) {
    List<String> lines = new ArrayList<>();
    try (CsvLines csv = CsvLines.open(file, file.toString(), key, strings)) {
      for (Lines.Line line = csv.next(); line != null; line = csv.next()) {
        lines.add(line.number() + " " + line.text().utf8());
      }
    }
    return lines;
  }

  private String imported(String server, int exitCode, String text, String... flags)
      throws IOException {
    Path file = folder.resolve("import.csv");
    Files.writeString(file, text);
    List<String> words = new ArrayList<>(List.of("-s", server, "import", file.toString()));
    words.addAll(List.of("--format", "csv", "--namespace", "n"));
    words.addAll(List.of(flags));
    TestConsole console = new TestConsole("", true);
    assertEquals(exitCode, Kdelta.run(console.console(), Map.of(), words), console.err());
    return (console.out() + console.err()).replace(file.toString(), "FILE");
  }

  @Test
  void wholeImports() throws IOException, CannotStart {
    try (NodeServer node =
        NodeServer.start(
            NodeSettings.read(
                Optional.empty(), Map.of("port", "0", "http", "none", "in-memory", "true")),
            line -> {})) {
      String at = node.address().toString();
      String table = "key,age\nbo,30\nann,31\n";
      assertTrue(imported(at, ExitCode.DONE, table).contains("2 lines: 2 new, 0 there already"));
      assertTrue(imported(at, ExitCode.DONE, table).contains("0 new, 2 there already"));
      // The same rows read in another way are other writes.
      assertTrue(imported(at, ExitCode.DONE, table, "--strings").contains("2 new"));
      TestConsole console = new TestConsole("", false);
      Kdelta.run(console.console(), Map.of(), List.of("-s", at, "get", "n/bo"));
      assertEquals("{\"age\":\"30\",\"key\":\"bo\"}\n", console.out());
      assertTrue(
          imported(at, ExitCode.USAGE, "key,a,a\n1,2,3\n")
              .contains("FILE, line 1: columns 2 and 3 are both 'a'"));
      assertTrue(
          imported(at, ExitCode.USAGE, "id,a\n1,2\n")
              .contains("has no column 'key', and no --key"));
      assertTrue(
          imported(at, ExitCode.USAGE, "id;name\n1;x\n")
              .contains("hint: columns are separated by commas here"));
      assertTrue(
          imported(at, ExitCode.USAGE, "key,a\nx,1\n\ny\n")
              .contains("FILE, line 4 has 1 cells where the first line names 2 columns"));
      assertTrue(imported(at, ExitCode.USAGE, "key,a\n,1\n").contains("line 2: the key is empty"));
      assertTrue(imported(at, ExitCode.USAGE, "").contains("FILE is empty"));
    }
  }
}
