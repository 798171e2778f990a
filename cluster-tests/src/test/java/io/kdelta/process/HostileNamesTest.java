package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.grpc.Status;
import io.grpc.StatusException;
import io.kdelta.proto.v1.At;
import io.kdelta.proto.v1.BatchWriteRequest;
import io.kdelta.proto.v1.DeleteRequest;
import io.kdelta.proto.v1.ExistsRequest;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.ImportVersionsRequest;
import io.kdelta.proto.v1.ListKeysRequest;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.proto.v1.WatchGrpc;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;
import io.kdelta.proto.v1.WriteResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: names, times, tokens, request ids and amounts that are wrong, forged or absurd are refused
 * with a typed error; odd names that are legal stay what they are. Method: one process with 256 MiB
 * of heap; behind each {@link HostileNode} looks.
 */
final class HostileNamesTest {
  private static final long SEED = Long.getLong("kdelta.seed", 7);

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

  private static PutRequest.Builder put(String namespace, String key) {
    return PutRequest.newBuilder()
        .setNamespace(namespace)
        .setKey(key)
        .setValue(ByteString.copyFromUtf8("1"));
  }

  private static GetRequest.Builder get(String namespace, String key) {
    return GetRequest.newBuilder().setNamespace(namespace).setKey(key);
  }

  @Test
  void keysThatNobodyMayHave() {
    List<String> keys = List.of("", "k".repeat((64 << 10) + 1), "k".repeat(1_025), "a\0b", "\0");
    node.withstands(
        "keys of 0, 1,025 and 65,537 bytes, and with NUL",
        () -> {
          for (String key : keys) {
            HostileNode.invalid(() -> node.kv().put(put("n", key).build()));
            HostileNode.invalid(() -> node.kv().get(get("n", key).build()));
            HostileNode.invalid(() ->
                node.kv().delete(DeleteRequest.newBuilder().setNamespace("n").setKey(key).build()));
          }
        });
  }

  @Test
  void namespacesThatNobodyMayHave() throws IOException {
    List<String> namespaces =
        List.of(
            "",
            "../../etc",
            "a/../b",
            "..",
            ".",
            ".hidden",
            "n".repeat(300),
            "a b",
            "a\nb",
            "a\0b",
            "a:b",
            "a\\b",
            "ä",
            "_auth",
            "_views",
            "_");
    List<Path> before = everythingBeside();
    node.withstands(
        "namespaces that are paths, the system's own, too long or of other characters",
        () -> {
          for (String namespace : namespaces) {
            HostileNode.invalid(() -> node.kv().put(put(namespace, "k").build()));
          }
        });
    assertEquals(before, everythingBeside(), "names never become paths");
  }

  /** All files around the data directory. */
  private static List<Path> everythingBeside() throws IOException {
    try (var files = Files.walk(folder)) {
      return files.filter(file -> !file.startsWith(node.process().data())).sorted().toList();
    }
  }

  @Test
  void oddNamesThatAreLegalStayWhatTheyAre() throws Exception {
    String composed = Normalizer.normalize("é", Normalizer.Form.NFC);
    String decomposed = Normalizer.normalize("é", Normalizer.Form.NFD);
    List<String> keys =
        List.of(
            "a/b",
            "/",
            "../../etc/passwd",
            "a:b",
            "a\nb",
            "\u202eabc",
            "\u200fabc",
            composed,
            decomposed,
            "CON",
            "%00",
            "\ufeffk",
            "\ud83d\ude00",
            " ",
            "k".repeat(1_024));
    // A name of its own a run of the namespace: devices of other systems are names like others.
    node.endures(
        "odd names",
        () -> {
          for (int i = 0; i < keys.size(); i++) {
            PutRequest put =
                put("CON", keys.get(i)).setValue(ByteString.copyFromUtf8("" + i)).build();
            var _ = node.kv().put(put);
          }
          for (int i = 0; i < keys.size(); i++) {
            Version told = node.kv().get(get("CON", keys.get(i)).build()).getVersion();
            assertEquals(keys.get(i), told.getKey());
            assertEquals("" + i, told.getValue().toStringUtf8(), keys.get(i));
          }
          var listed = node.kv().listKeys(ListKeysRequest.newBuilder().setNamespace("CON").build());
          assertEquals(keys.size(), listed.getKeysCount());
          for (String key : keys) {
            var _ =
                node.kv()
                    .delete(DeleteRequest.newBuilder().setNamespace("CON").setKey(key).build());
          }
        });
  }

  @Test
  void times() {
    List<At.Builder> moments = new ArrayList<>();
    for (long seconds : new long[] {31_556_889_864_403_199L, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
      moments.add(At.newBuilder().setTime(Timestamp.newBuilder().setSeconds(seconds)));
    }
    for (int nanos : new int[] {-1, Integer.MAX_VALUE}) {
      moments.add(At.newBuilder().setTime(Timestamp.newBuilder().setNanos(nanos)));
    }
    moments.add(At.newBuilder().setStepsBack(-1));
    moments.add(At.newBuilder().setVersion("../../etc"));
    node.withstands(
        "times in the year 10^12 and before 1970, steps back without end",
        () -> {
          for (At.Builder moment : moments) {
            HostileNode.invalid(() -> node.kv().get(get("honest", "key").setAt(moment).build()));
          }
        });
  }

  @Test
  void tokens() {
    ByteString own = node.kv().get(get("honest", "key").build()).getCausalToken();
    Random random = new Random(SEED);
    node.withstands(
        "forged, foreign and garbled causal tokens",
        () -> {
          System.out.println("seed " + SEED);
          for (int i = 0; i < own.size() * 8; i++) {
            byte[] bent = own.toByteArray();
            bent[i / 8] ^= (byte) (1 << i % 8);
            refusesToken(ByteString.copyFrom(bent));
          }
          for (int size = 1; size < own.size(); size++) refusesToken(own.substring(0, size));
          refusesToken(own.concat(own));
          for (int i = 0; i < 100; i++) {
            byte[] noise = new byte[1 + random.nextInt(5_000)];
            random.nextBytes(noise);
            refusesToken(ByteString.copyFrom(noise));
          }
          refusesToken(ByteString.copyFrom(new byte[1 << 20]));
        });
    node.withstands(
        "garbled tokens of watches and pages",
        () -> {
          ByteString noise = ByteString.copyFrom(new byte[300]);
          HostileNode.invalid(
              () -> watch(WatchRequest.newBuilder().setResumeToken(noise).build()).next());
          HostileNode.invalid(() ->
              node.kv()
                  .listKeys(
                      ListKeysRequest.newBuilder()
                          .setNamespace("n")
                          .setPageToken("\u0000../../x")
                          .build()));
        });
  }

  private static void refusesToken(ByteString token) {
    HostileNode.invalid(() ->
        node.kv()
            .exists(
                ExistsRequest.newBuilder()
                    .setNamespace("n")
                    .setKey("k")
                    .setCausalToken(token)
                    .build()));
  }

  private static Iterator<WatchResponse> watch(WatchRequest request) {
    return WatchGrpc.newBlockingStub(node.channel()).watch(request);
  }

  @Test
  void requestIds() {
    PutRequest first = put("r", "key").setRequestId("one").build();
    node.endures(
        "a request id with another body",
        () -> {
          WriteResult told = node.kv().put(first);
          assertEquals(told.getId(), node.kv().put(first).getId());
          HostileNode.refused(
              Status.Code.ABORTED,
              "CONFLICT",
              () -> node.kv().put(first.toBuilder().setKey("other").build()));
          HostileNode.refused(
              Status.Code.ABORTED,
              "CONFLICT",
              () ->
                  node.kv().put(first.toBuilder().setValue(ByteString.copyFromUtf8("2")).build()));
          assertFalse(exists("r", "other"));
        });
    node.withstands(
        "a request id of 64 KiB, a note of 64 KiB, parents by the thousand",
        () -> {
          String large = "x".repeat(64 << 10);
          HostileNode.invalid(() -> node.kv().put(put("n", "k").setRequestId(large).build()));
          HostileNode.invalid(() -> node.kv().put(put("n", "k").setNote(large).build()));
          PutRequest.Builder many = put("n", "k");
          for (int i = 0; i < 1_000; i++) many.addParents("0".repeat(64));
          HostileNode.invalid(() -> node.kv().put(many.build()));
          HostileNode.invalid(() -> node.kv().put(put("n", "k").setIfState("zz").build()));
        });
  }

  private static boolean exists(String namespace, String key) {
    return node.kv()
        .exists(ExistsRequest.newBuilder().setNamespace(namespace).setKey(key).build())
        .getExists();
  }

  @Test
  void amounts() {
    node.withstands(
        "batches of a million operations",
        () -> {
          BatchWriteRequest.Operation none = BatchWriteRequest.Operation.getDefaultInstance();
          BatchWriteRequest.Builder batch = BatchWriteRequest.newBuilder();
          for (int i = 0; i < 1_000_000; i++) batch.addOperations(none);
          HostileNode.invalid(() -> node.kv().batchWrite(batch.build()));
        });
    node.withstands(
        "an import of more versions than a request may have, of garbage and of another's",
        () -> {
          ImportVersionsRequest.Whole none = ImportVersionsRequest.Whole.getDefaultInstance();
          ImportVersionsRequest.Builder many = ImportVersionsRequest.newBuilder();
          for (int i = 0; i < 2_000; i++) many.addVersions(none);
          refusesImport(many.build());
          refusesImport(ImportVersionsRequest.newBuilder().addVersions(none).build());
          byte[] noise = new byte[500];
          new Random(SEED).nextBytes(noise);
          refusesImport(
              ImportVersionsRequest.newBuilder()
                  .addVersions(none.toBuilder().setVersion(ByteString.copyFrom(noise)))
                  .build());
        });
  }

  private static void refusesImport(ImportVersionsRequest request) {
    HostileNode.invalid(() -> {
      var call = VersionsGrpc.newBlockingV2Stub(node.channel()).importVersions();
      call.write(request);
      call.halfClose();
      try {
        var _ = call.read();
      } catch (StatusException e) {
        throw e.getStatus().asRuntimeException(e.getTrailers());
      }
    });
  }

  @Test
  void watchesByTheTenThousand() {
    node.withstands(
        "10,000 watches",
        () -> {
          List<RawHttp2> connections = new ArrayList<>();
          try {
            byte[] all = RawHttp2.message(WatchRequest.getDefaultInstance().toByteArray());
            for (int i = 0; i < 10_000 / 50; i++) {
              RawHttp2 connection = RawHttp2.open(node.port());
              connections.add(connection);
              for (int stream = 1; stream < 100; stream += 2) {
                connection.call(stream, "/kdelta.v1.Watch/Watch");
                connection.data(stream, true, all);
              }
            }
            RawHttp2 last = RawHttp2.open(node.port());
            connections.add(last);
            last.call(1, "/kdelta.v1.Watch/Watch");
            last.data(1, true, all);
            assertEquals("grpc-status 8", last.endOf(1), "one more");
            node.readsItsOwn();
          } finally {
            for (RawHttp2 connection : connections) connection.close();
          }
        });
  }
}
