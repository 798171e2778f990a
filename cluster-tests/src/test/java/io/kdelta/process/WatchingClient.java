package io.kdelta.process;

import com.google.protobuf.ByteString;
import io.kdelta.client.ChangeFeed;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/**
 * A program of a user, in a process of its own that is killed and started again: it writes down
 * what a watch tells it together with the token behind that, and each write before and after it
 * asks for it. A new life goes on behind the last token that is written down, and asks again, under
 * the same request id, for the write of which it knows no outcome.
 *
 * <p>Each line is one write to its file; the last one of a life may be torn, and is then cut off:
 * it was not yet done.
 */
final class WatchingClient {
  /** What it is told: ids, a blank, the token. */
  static final String TOLD = "told";

  /** What it writes: {@code ask N}, then {@code ok N id}. */
  static final String WRITES = "writes";

  static final String NAMESPACE = "diary";

  private static final int BATCH = 40;
  private static final long PAUSE_MILLIS = 5;

  private WatchingClient() {}

  /**
   * Runs until it is killed.
   *
   * @param arguments folder of its files; the servers, separated by commas; whether it {@code
   *     writes}
   */
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    ClientSettings settings = ClientSettings.of(List.of(arguments[1].split(",", -1)));
    try (KdeltaClient client = KdeltaClient.connect(settings)) {
      if (arguments[2].equals("writes")) {
        Thread.ofPlatform().daemon().start(() -> write(client, folder.resolve(WRITES)));
      }
      watch(client, folder.resolve(TOLD));
    }
  }

  private static void watch(KdeltaClient client, Path file) throws Exception {
    List<String> lines = lines(file);
    WatchRequest.Builder from =
        WatchRequest.newBuilder().setFrom(WatchRequest.From.START).setBatchSize(BATCH);
    if (!lines.isEmpty()) {
      String last = lines.getLast();
      byte[] token = HexFormat.of().parseHex(last.substring(last.indexOf(' ') + 1));
      from.setResumeToken(ByteString.copyFrom(token));
    }
    try (RandomAccessFile to = open(file, lines);
        ChangeFeed feed = client.watch(from.build())) {
      while (true) {
        WatchResponse told = feed.next();
        List<String> ids = told.getVersionsList().stream().map(Version::getId).toList();
        String token = HexFormat.of().formatHex(told.getResumeToken().toByteArray());
        append(to, String.join(",", ids) + " " + token);
      }
    }
  }

  private static void write(KdeltaClient client, Path file) {
    List<String> lines = lines(file);
    int number = 0;
    if (!lines.isEmpty()) {
      String[] last = lines.getLast().split(" ", -1);
      number = Integer.parseInt(last[1]) + (last[0].equals("ok") ? 1 : 0);
    }
    try (RandomAccessFile to = open(file, lines)) {
      while (true) {
        append(to, "ask " + number);
        PutRequest request =
            PutRequest.newBuilder()
                .setNamespace(NAMESPACE)
                .setKey("page-" + number)
                .setValue(ByteString.copyFromUtf8("{\"page\":" + number + "}"))
                .setAck(AckLevel.ACK_LEVEL_ONE)
                .setRequestId("page-" + number)
                .build();
        append(to, "ok " + number + " " + client.put(request).getId());
        number++;
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Goes on behind the whole lines of a file. */
  private static RandomAccessFile open(Path file, List<String> lines) throws IOException {
    RandomAccessFile to = new RandomAccessFile(file.toFile(), "rw");
    long bytes = 0;
    for (String line : lines) bytes += line.length() + 1;
    to.setLength(bytes);
    to.seek(bytes);
    return to;
  }

  /** The whole lines of a file. */
  static List<String> lines(Path file) {
    try {
      if (!Files.exists(file)) return List.of();
      String all = Files.readString(file, StandardCharsets.US_ASCII);
      String whole = all.substring(0, all.lastIndexOf('\n') + 1);
      return whole.lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void append(RandomAccessFile to, String line) throws IOException {
    to.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
  }
}
