package io.kdelta.process;

import com.google.protobuf.ByteString;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.WriteResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A program beside the pods: clients of the project, a thread and a session each, which write and
 * read until standard input ends. Every outcome is a line on standard output, for {@link
 * PodLedger}. A process of its own, for the names of pods are those of its Java machine.
 */
final class PodClients {
  /** One key is written so often in a row that its history is a chain worth reading. */
  private static final int KEYS = 8;

  private static final CountDownLatch OVER = new CountDownLatch(1);

  private PodClients() {}

  /**
   * A client for each argument: the level of its writes, how many rounds through its servers it
   * makes (0: as many as it needs), and the servers, with a colon between each two.
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < arguments.length; i++) {
      String name = "client-" + i;
      String[] words = arguments[i].split("/", -1);
      threads.add(Thread.ofPlatform().name(name).start(() -> run(name, words)));
    }
    var _ = System.in.readAllBytes();
    OVER.countDown();
    for (Thread thread : threads) thread.join();
    say("end");
  }

  private static void run(String name, String[] words) {
    AckLevel level = AckLevel.valueOf("ACK_LEVEL_" + words[0]);
    ClientSettings settings = ClientSettings.of(List.of(words[2].split(",", -1)));
    int rounds = Integer.parseInt(words[1]);
    try (KdeltaClient client =
        KdeltaClient.connect(rounds == 0 ? settings : settings.rounds(rounds))) {
      for (int number = 0; OVER.getCount() > 0; number++) {
        String key = name + "-" + number % KEYS;
        String document = "{\"n\":" + number + "}";
        if (write(client, level, key, document)) read(client, key, document);
      }
      say("repeated " + client.repetitions());
    }
  }

  /** Whether it was acknowledged. */
  private static boolean write(KdeltaClient client, AckLevel level, String key, String document) {
    PutRequest request =
        PutRequest.newBuilder()
            .setNamespace("pods")
            .setKey(key)
            .setValue(ByteString.copyFromUtf8(document))
            .setAck(level)
            .build();
    long asked = System.nanoTime();
    try {
      WriteResult result = client.put(request);
      say("acknowledged " + result.getId() + " " + millisSince(asked));
      return true;
    } catch (RuntimeException e) {
      say("failed put of " + key + ": " + e);
      return false;
    }
  }

  /** With the token of the session: whatever server answers, it is what was just written. */
  private static void read(KdeltaClient client, String key, String document) {
    long asked = System.nanoTime();
    try {
      String read = client.get("pods", key);
      if (read.equals(document)) say("read " + millisSince(asked));
      else say("failed get of " + key + ": " + document + " was written and " + read + " is read");
    } catch (RuntimeException e) {
      say("failed get of " + key + ": " + e);
    }
  }

  private static long millisSince(long nanos) {
    return (System.nanoTime() - nanos) / 1_000_000;
  }

  private static void say(String line) {
    synchronized (OVER) {
      System.out.println(line);
      System.out.flush();
    }
  }
}
