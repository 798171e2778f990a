package io.kdelta.process;

import com.google.protobuf.ByteString;
import io.kdelta.proto.v1.BatchWriteRequest;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.ResolveRequest;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a document that is none, or too much, is refused with its place, by every call that takes
 * one. Method: one process with 256 MiB of heap; each text by put, within a batch and as the value
 * of a resolution; behind each {@link HostileNode} looks.
 */
final class HostileDocumentsTest {
  private static final int DOCUMENT_BYTES_MAX = 1 << 20;

  @TempDir private static Path folder;
  private static HostileNode node;

  @BeforeAll
  static void start() throws Exception {
    node = HostileNode.start(folder);
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
  }

  private static void refuses(String what, ByteString text) {
    PutRequest put = PutRequest.newBuilder().setNamespace("d").setKey("k").setValue(text).build();
    BatchWriteRequest batch =
        BatchWriteRequest.newBuilder()
            .addOperations(operation("sound", ByteString.copyFromUtf8("1")))
            .addOperations(operation("k", text))
            .build();
    ResolveRequest resolve =
        ResolveRequest.newBuilder().setNamespace("honest").setKey("key").setValue(text).build();
    System.out.println("refused: " + what);
    HostileNode.invalid(() -> node.kv().put(put));
    HostileNode.invalid(() -> node.kv().batchWrite(batch));
    HostileNode.invalid(() -> VersionsGrpc.newBlockingStub(node.channel()).resolve(resolve));
  }

  private static BatchWriteRequest.Operation operation(String key, ByteString text) {
    return BatchWriteRequest.Operation.newBuilder()
        .setKind(Version.Kind.PUT)
        .setNamespace("d")
        .setKey(key)
        .setValue(text)
        .build();
  }

  private static void refuses(String what, String text) {
    refuses(what, ByteString.copyFromUtf8(text));
  }

  @Test
  void tooMuch() {
    node.withstands("documents that are too much", HostileDocumentsTest::sendTooMuch);
  }

  private static void sendTooMuch() {
    refuses("100,000 arrays within each other", "[".repeat(100_000));
    String objects = "{\"a\":".repeat(100_000);
    refuses("100,000 objects within each other", objects + "1" + "}".repeat(100_000));
    refuses("as many empty arrays as a document has room for", list("[]", 349_000));
    refuses("as many empty objects as a document has room for", list("{}", 349_000));
    refuses("ten million empty arrays", list("[]", 10_000_000 / 8));
    refuses("one byte over", "\"" + "x".repeat(DOCUMENT_BYTES_MAX - 1) + "\"");
    refuses("a name of a mebibyte", "{\"" + "n".repeat(DOCUMENT_BYTES_MAX) + "\":1}");
  }

  private static String list(String item, int count) {
    return "[" + (item + ",").repeat(count - 1) + item + "]";
  }

  @Test
  void numbers() {
    node.withstands("numbers that are none", HostileDocumentsTest::sendNumbers);
  }

  private static void sendNumbers() {
    refuses("a number of a million digits", "9".repeat(1_000_000));
    refuses("1e999999", "1e999999");
    refuses("-1e999999", "{\"a\":[-1e999999]}");
    refuses("an exponent of a million digits", "1e" + "9".repeat(1_000_000));
    for (String text : new String[] {"NaN", "Infinity", "-Infinity", "01", "+1", "0x1", "1."}) {
      refuses("the number " + text, text);
    }
  }

  @Test
  void texts() {
    node.withstands("texts that are none", HostileDocumentsTest::sendTexts);
  }

  private static void sendTexts() {
    Map<String, String> hex = new TreeMap<>();
    hex.put("a byte order mark", "efbbbf31");
    hex.put("a byte order mark of UTF-16", "feff0031");
    hex.put("an overlong slash", "22c0af22");
    hex.put("an overlong NUL", "22c08022");
    hex.put("an overlong slash of three bytes", "22e080af22");
    hex.put("an encoded surrogate", "22eda08022");
    hex.put("beyond Unicode", "22f490808022");
    hex.put("half a character", "22e282");
    hex.put("a bare NUL", "220022");
    hex.forEach(
        (what, bytes) -> refuses(what, ByteString.copyFrom(HexFormat.of().parseHex(bytes))));
    refuses("UTF-16", ByteString.copyFrom("{\"a\":1}".getBytes(StandardCharsets.UTF_16LE)));
    refuses("a lone high surrogate", "{\"a\":\"\\ud800\"}");
    refuses("a lone low surrogate", "[\"\\udc00\\ud800\"]");
    refuses("a lone surrogate in a name", "{\"\\ud800\":1}");
    refuses("duplicate names", "{\"a\":1,\"b\":{\"c\":1,\"c\":2}}");
    refuses("duplicate names, one escaped", "{\"a\":1,\"\\u0061\":2}");
    refuses("two documents", "{}{}");
    refuses("none", "");
    refuses("spaces", " \n\t ");
    refuses("a comment", "1 // one");
  }
}
