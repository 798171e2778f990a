package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a data directory that is not what a node left behind is named and refused, or answered from
 * as far as it is whole; never with something else, and never with a stack trace. Method: a
 * directory of a real process, spoiled in a copy, given to a process with 256 MiB of heap. Every
 * byte of every file is what the tests of the storage go through; this is about the process.
 */
final class HostileFilesTest {
  private static final long SEED = Long.getLong("kdelta.seed", 7);
  private static final int KEYS = 20;
  private static final int HELD = 4;
  private static final int CORRUPT = 8;
  private static final String NAMESPACE = "files";

  @TempDir private static Path folder;
  private static HostileNode owner;
  private static Path sound;

  /** How a directory is spoiled. */
  private interface Damage {
    void to(List<Path> files) throws IOException;
  }

  @BeforeAll
  static void start() throws Exception {
    owner = HostileNode.start(folder);
    for (int i = 0; i < KEYS; i++) {
      var _ =
          owner
              .kv()
              .put(
                  PutRequest.newBuilder()
                      .setNamespace(NAMESPACE)
                      .setKey("k" + i)
                      .setAck(AckLevel.ACK_LEVEL_LOCAL)
                      .setValue(ByteString.copyFromUtf8("{\"n\":" + i + "}"))
                      .build());
    }
    // While it runs: every put is in the synced log, as a power loss would leave it.
    sound = folder.resolve("sound");
    copy(owner.process().data(), sound);
  }

  @AfterAll
  static void stop() throws Exception {
    owner.close();
  }

  @Test
  void openedTwice() {
    owner.withstands(
        "a data directory opened twice",
        () -> {
          try (NodeProcess rival = owner.process().rival(folder.resolve("rival.log"))) {
            assertEquals(HELD, rival.awaitExit(), rival::said);
            assertTrue(rival.said().contains("hint: "), rival::said);
            assertEquals(List.of(), rival.failures());
          }
        });
  }

  @Test
  void bitsFlipped() throws Exception {
    Random random = new Random(SEED);
    endures(
        "flipped",
        files -> {
          for (Path file : files) {
            byte[] bytes = Files.readAllBytes(file);
            int end = written(bytes);
            if (end == 0) continue;
            bytes[random.nextInt(end)] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, bytes);
          }
        });
  }

  @Test
  void cut() throws Exception {
    endures(
        "cut",
        files -> {
          for (Path file : files) {
            byte[] bytes = Files.readAllBytes(file);
            Files.write(file, Arrays.copyOf(bytes, written(bytes) / 2));
          }
        });
  }

  @Test
  void swapped() throws Exception {
    endures(
        "swapped",
        files -> {
          byte[] first = Files.readAllBytes(files.getFirst());
          for (int i = 1; i < files.size(); i++) {
            Files.write(files.get(i - 1), Files.readAllBytes(files.get(i)));
          }
          Files.write(files.getLast(), first);
        });
  }

  @Test
  void links() throws Exception {
    Path target = folder.resolve("elsewhere");
    Files.writeString(target, "not of this database\n");
    endures(
        "links",
        files -> {
          for (Path file : files) {
            Files.delete(file);
            Files.createSymbolicLink(file, target);
          }
        });
    assertEquals("not of this database\n", Files.readString(target), "nothing is written through");
  }

  /** Behind it a log is empty. */
  private static int written(byte[] bytes) {
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] == 0) end--;
    return end;
  }

  /** Starts a process on a copy that is spoiled, and looks at what it does. */
  private static void endures(String what, Damage damage) throws Exception {
    System.out.println("seed " + SEED);
    Path data = folder.resolve(what);
    copy(sound, data);
    damage.to(files(data));
    NodeProcess node =
        new NodeProcess(
            "victim",
            data,
            folder.resolve(what + ".log"),
            NodeProcess.freePort(),
            List.of(),
            List.of());
    try (node) {
      node.setJvm(HostileNode.JVM);
      node.start();
      boolean ready = node.awaitReadyOrEnd();
      if (ready) answersNothingElse(node);
      else assertEquals(CORRUPT, node.awaitExit(), node::said);
      assertEquals(List.of(), node.failures(), what);
      if (!ready) assertTrue(node.said().contains("hint: "), node::said);
      System.out.println("survived: files " + what + (ready ? ", started" : ", refused"));
    }
  }

  private static void answersNothingElse(NodeProcess node) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", node.port()).usePlaintext().build();
    try {
      for (int i = 0; i < KEYS; i++) {
        GetRequest get = GetRequest.newBuilder().setNamespace(NAMESPACE).setKey("k" + i).build();
        try {
          var told = KvGrpc.newBlockingStub(channel).get(get).getVersion();
          assertEquals("{\"n\":" + i + "}", told.getValue().toStringUtf8());
        } catch (StatusRuntimeException e) {
          boolean named = node.said().contains("set aside") || node.said().contains("damage");
          assertTrue(named, () -> e + ", and nobody is told why\n" + node.said());
        }
      }
    } finally {
      channel.shutdownNow();
    }
  }

  private static List<Path> files(Path data) throws IOException {
    try (var all = Files.list(data)) {
      return all.filter(file -> !file.endsWith("LOCK")).sorted().toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    for (Path file : files(from)) {
      assertFalse(Files.isDirectory(file), "a data directory is flat");
      Files.copy(file, to.resolve(file.getFileName()));
    }
  }
}
