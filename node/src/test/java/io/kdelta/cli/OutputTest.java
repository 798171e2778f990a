package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: each format writes what scripts and people expect. Method: golden output. */
final class OutputTest {
  private static final List<Column> COLUMNS =
      List.of(
          Column.text("KEY", "key"),
          new Column("ID", "id", Column.Kind.ID),
          Column.count("COUNT", "count"),
          new Column("SIZE", "size", Column.Kind.BYTES),
          new Column("TIME", "time", Column.Kind.TIME));

  private static Listing listing() {
    ObjectNode first = Json.object();
    first.put("key", "plain");
    first.put("id", "0123456789abcdef");
    first.put("count", 12_041);
    first.put("size", 18L << 20);
    first.put("time", "2026-11-21T07:59:00.000000Z");
    first.set("value", Json.raw(ByteString.copyFromUtf8("{\"n\":12345678901234567890}")));
    ObjectNode second = Json.object();
    second.put("key", "with \"quotes\", and\nline");
    second.putNull("id");
    second.put("count", 1);
    second.put("size", 900);
    second.put("time", "2026-11-21T07:59:59.500000Z");
    return new Listing("things", COLUMNS, i -> i.path("key").textValue(), List.of(first, second));
  }

  private static String printed(Format format, boolean terminal) {
    TestConsole test = new TestConsole("", terminal);
    new Output(test.console(), format).list(listing());
    return test.out();
  }

  @Test
  void table() {
    assertEquals(
        """
        KEY                      ID         COUNT    SIZE  TIME
        plain                    01234567  12,041  18 MiB  60 s ago
        with "quotes", and\uFFFDline  -              1   900 B  now
        """,
        printed(Format.TABLE, true));
  }

  @Test
  void tableInAPipeIsWhole() {
    assertEquals(
        """
        KEY                      ID                 COUNT    SIZE  TIME
        plain                    0123456789abcdef  12,041  18 MiB  2026-11-21T07:59:00.000000Z
        with "quotes", and\uFFFDline  -                      1   900 B  2026-11-21T07:59:59.500000Z
        """,
        printed(Format.TABLE, false));
  }

  @Test
  void json() {
    assertEquals(
        "{\"things\":[{\"key\":\"plain\",\"id\":\"0123456789abcdef\",\"count\":12041,"
            + "\"size\":18874368,\"time\":\"2026-11-21T07:59:00.000000Z\","
            + "\"value\":{\"n\":12345678901234567890}},"
            + "{\"key\":\"with \\\"quotes\\\", and\\nline\",\"id\":null,\"count\":1,\"size\":900,"
            + "\"time\":\"2026-11-21T07:59:59.500000Z\"}]}\n",
        printed(Format.JSON, false));
  }

  @Test
  void jsonLinesIsWhatAPipeGets() {
    TestConsole test = new TestConsole("", false);
    new Output(test.console(), null).list(listing());
    assertEquals(printed(Format.JSONL, false), test.out());
    assertEquals(2, test.out().lines().count());
  }

  @Test
  void csv() {
    assertEquals(
        """
        key,id,count,size,time
        plain,0123456789abcdef,12041,18874368,2026-11-21T07:59:00.000000Z
        "with ""quotes"", and
        line",,1,900,2026-11-21T07:59:59.500000Z
        """,
        printed(Format.CSV, false));
  }

  @Test
  void names() {
    assertEquals("plain\nwith \"quotes\", and\nline\n", printed(Format.NAME, false));
  }

  @Test
  void yaml() {
    assertEquals(
        """
        things:
          - key: "plain"
            id: "0123456789abcdef"
            count: 12041
            size: 18874368
            time: "2026-11-21T07:59:00.000000Z"
            value:
              "n": 12345678901234567890
          - key: "with \\"quotes\\", and\\nline"
            id: null
            count: 1
            size: 900
            time: "2026-11-21T07:59:59.500000Z"
        """,
        printed(Format.YAML, false));
  }

  @Test
  void yamlOfOddShapes() {
    assertEquals(
        """
        a:
          - - 1
            - - 2
          - {}
          - []
        "no": "yes"
        "a b":
          c: 1.5E300
        """,
        Yaml.of("{\"a\":[[1,[2]],{},[]],\"no\":\"yes\",\"a b\":{\"c\":1.5E300}}"));
    assertEquals("\"text\"\n", Yaml.of("\"text\""));
    assertEquals("[]\n", Yaml.of("[]"));
  }

  @Test
  void prettyKeepsEveryToken() {
    assertEquals(
        """
        {
          "a": [
            1e+21,
            "x{[,:\\"]}",
            {}
          ],
          "b": []
        }\
        """,
        DocumentText.pretty("{\"a\":[1e+21,\"x{[,:\\\"]}\",{}],\"b\":[]}"));
  }
}
