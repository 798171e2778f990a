package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a message that is none, or far more than it seems, is refused with a typed error before
 * anything is made of it. Method: one process with 256 MiB of heap; bytes that no client sends;
 * behind each of them {@link HostileNode} looks.
 */
final class HostileMessagesTest {
  private static final long SEED = Long.getLong("kdelta.seed", 7);
  private static final int MEBIBYTE = 1 << 20;

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

  /** Sends a request of any bytes; the answer is of no interest. */
  private static void send(ManagedChannel channel, MethodDescriptor<?, ?> method, byte[] request) {
    MethodDescriptor<byte[], byte[]> raw =
        MethodDescriptor.<byte[], byte[]>newBuilder()
            .setFullMethodName(method.getFullMethodName())
            .setType(MethodDescriptor.MethodType.UNARY)
            .setRequestMarshaller(new Raw())
            .setResponseMarshaller(new Raw())
            .build();
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
    var _ = ClientCalls.blockingUnaryCall(channel, raw, options, request);
  }

  private static final class Raw implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] bytes) {
      return new ByteArrayInputStream(bytes);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private interface Talk {
    void over(ManagedChannel channel) throws Exception;
  }

  private static void withstands(String what, Talk talk) {
    node.withstands(
        what,
        () -> {
          ManagedChannel channel = node.connect();
          try {
            talk.over(channel);
          } finally {
            channel.shutdownNow();
          }
        });
  }

  private static byte[] put(String value) {
    return PutRequest.newBuilder()
        .setNamespace("a")
        .setKey("b")
        .setValue(ByteString.copyFromUtf8(value))
        .build()
        .toByteArray();
  }

  @Test
  void truncatedProtobuf() {
    byte[] whole = put("{\"a\":1}");
    withstands(
        "truncated protobuf",
        channel -> {
          for (int size = 1; size < whole.length; size++) {
            byte[] cut = Arrays.copyOf(whole, size);
            HostileNode.invalid(() -> send(channel, KvGrpc.getPutMethod(), cut));
          }
        });
  }

  @Test
  void randomProtobuf() {
    System.out.println("seed " + SEED);
    Random random = new Random(SEED);
    List<MethodDescriptor<?, ?>> methods =
        List.of(
            KvGrpc.getPutMethod(),
            KvGrpc.getGetMethod(),
            KvGrpc.getBatchWriteMethod(),
            KvGrpc.getListKeysMethod(),
            io.kdelta.proto.v1.VersionsGrpc.getResolveMethod(),
            io.kdelta.proto.v1.AdminGrpc.getGetNodeStatusMethod());
    List<Status.Code> sane = List.of(Status.Code.INVALID_ARGUMENT, Status.Code.NOT_FOUND);
    withstands(
        "random protobuf",
        channel -> {
          for (int i = 0; i < 600; i++) {
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            try {
              send(channel, methods.get(i % methods.size()), bytes);
            } catch (StatusRuntimeException e) {
              assertTrue(sane.contains(e.getStatus().getCode()), e::toString);
            }
          }
        });
  }

  @Test
  void nestedGroups() {
    byte[] groups = new byte[100_000];
    // Field 1, begins a group.
    Arrays.fill(groups, (byte) 0b1011);
    withstands(
        "100,000 nested groups",
        channel -> {
          HostileNode.invalid(() -> send(channel, KvGrpc.getPutMethod(), groups));
          HostileNode.invalid(() -> send(channel, KvGrpc.getBatchWriteMethod(), groups));
        });
  }

  @Test
  void messagesWithMillionsOfFields() {
    byte[] empty = new byte[4 * MEBIBYTE - 2];
    // Field 1, a message of no bytes.
    for (int i = 0; i < empty.length; i += 2) empty[i] = 0b1010;
    withstands(
        "a batch of two million operations",
        channel -> {
          for (int i = 0; i < 3; i++) {
            HostileNode.invalid(() -> send(channel, KvGrpc.getBatchWriteMethod(), empty));
          }
        });
    withstands(
        "a million unknown fields",
        channel -> {
          ByteArrayOutputStream bytes = new ByteArrayOutputStream();
          CodedOutputStream out = CodedOutputStream.newInstance(bytes);
          for (int field = 100; bytes.size() + 8_192 < 4 * MEBIBYTE; field++) {
            out.writeUInt32(field, 1);
          }
          out.flush();
          HostileNode.invalid(() -> send(channel, KvGrpc.getPutMethod(), bytes.toByteArray()));
        });
  }

  @Test
  void lengthPrefix() {
    for (int claimed : new int[] {Integer.MAX_VALUE, -1, 4 * MEBIBYTE + 1}) {
      node.withstandsRaw(
          "a length prefix of " + Integer.toUnsignedString(claimed),
          raw -> {
            raw.call(1, RawHttp2.PUT);
            raw.data(1, false, RawHttp2.message(false, claimed, put("1")));
            assertEquals("grpc-status 8", raw.endOf(1));
          });
    }
  }

  @Test
  void gzipBomb() throws IOException {
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
      byte[] zeros = new byte[MEBIBYTE];
      for (int i = 0; i < 128; i++) gzip.write(zeros);
    }
    node.withstandsRaw(
        "a gzip bomb of 128 MiB in " + bomb.size() + " bytes",
        raw -> {
          raw.call(1, RawHttp2.PUT, "grpc-encoding", "gzip");
          raw.data(1, true, RawHttp2.message(true, bomb.size(), bomb.toByteArray()));
          assertEquals("grpc-status 8", raw.endOf(1));
        });
    node.withstandsRaw(
        "a compression that nobody knows",
        raw -> {
          raw.call(1, RawHttp2.PUT, "grpc-encoding", "brotli");
          raw.data(1, true, RawHttp2.message(true, 3, new byte[3]));
          assertEquals("grpc-status 12", raw.endOf(1));
        });
  }

  /** One test, for it takes its time: 20 s and a little. */
  @Test
  void messagesThatAreNeverFinished() {
    byte[] whole = RawHttp2.message(new byte[0]);
    byte[] half = RawHttp2.message(false, 100, new byte[50]);
    node.withstandsRaw(
        "half a message for ever: of a call, of an import, of a peer; a call without an end",
        raw -> {
          List<String> paths =
              List.of(RawHttp2.PUT, "/kdelta.v1.Versions/ImportVersions", "/kdelta.v1.Watch/Watch");
          int stream = 1;
          for (String path : paths) {
            raw.call(stream, path);
            assertTrue(raw.data(stream, false, half));
            stream += 2;
          }
          raw.call(stream, RawHttp2.PUT);
          assertTrue(raw.data(stream, false, whole));
          stream += 2;
          raw.call(stream, RawHttp2.PUT);
          node.serves();
          try (RawHttp2 peer = RawHttp2.open(node.port())) {
            peer.call(1, "/kdelta.v1.Peer/Exchange");
            assertTrue(peer.data(1, false, half));
            // Who has not said hello is left before.
            assertEquals("grpc-status 0", peer.endOf(1));
          }
          TreeSet<String> ends = new TreeSet<>();
          for (int i = 1; i <= stream; i += 2) ends.add(raw.endOf(i));
          // A header that was said before on the connection is but a number.
          assertEquals(Set.of("grpc-status 4", "headers"), ends);
        });
  }

  @Test
  void unfinishedMessages() {
    byte[] most = RawHttp2.message(false, 4 * MEBIBYTE, new byte[4 * MEBIBYTE - 1]);
    node.withstandsRaw(
        "64 messages of 4 MiB without their last byte",
        raw -> {
          int taken = 0;
          for (int i = 0; i < 64; i++) {
            raw.call(2 * i + 1, RawHttp2.PUT);
            if (!raw.data(2 * i + 1, false, most)) break;
            taken++;
          }
          var _ = raw.endOf(2 * taken + 1);
          // One before it may have been refused first: then its own status is but a number.
          assertTrue(raw.ended().contains("grpc-status 8"), raw.ended().toString());
          // What is refused is held no more; how much of it was on its way is a matter of luck.
          int held = taken + 1 - raw.ended().size();
          assertTrue(held <= 32 / 4, "messages of 4 MiB held: " + held);
          // While they are held, others are served.
          node.serves();
        });
  }
}
