package io.kdelta.process;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;

/** A small file system in memory for one node, which can be filled up. Only root may mount it. */
final class Tmpfs implements AutoCloseable {
  private static final String FILLER = "filler";
  private static final int BLOCK_BYTES = 1 << 20;

  private final Path point;

  private Tmpfs(Path point) {
    this.point = point;
  }

  /** Why file systems can not be mounted here; empty when they can. */
  static String hindrance(Path folder) throws IOException, InterruptedException {
    if (!"root".equals(System.getProperty("user.name"))) {
      return "only root may mount file systems";
    }
    Path trial = Files.createDirectories(folder.resolve("trial"));
    Result result = run(mounting(trial, 1));
    if (result.code != 0) return "mounting does not work here: " + result.said;
    new Tmpfs(trial).close();
    return "";
  }

  /** Mounts one of so many MiB. */
  static Tmpfs mount(Path point, int megabytes) throws IOException, InterruptedException {
    Files.createDirectories(point);
    Result result = run(mounting(point, megabytes));
    if (result.code != 0) throw new AssertionError("can not mount " + point + ": " + result.said);
    Guard.mounted(point);
    return new Tmpfs(point);
  }

  private static List<String> mounting(Path point, int megabytes) {
    return List.of("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "none", "" + point);
  }

  /** Takes all the room but about so many bytes. */
  void fill(long roomBytes) throws IOException {
    try (FileChannel file =
        FileChannel.open(
            point.resolve(FILLER),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.APPEND)) {
      ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
      while (Files.getFileStore(point).getUsableSpace() > roomBytes + BLOCK_BYTES) {
        file.write(block.clear());
      }
    } catch (IOException full) {
      // The node took the rest meanwhile.
      if (!String.valueOf(full.getMessage()).contains("No space")) throw full;
    }
  }

  /** Gives the room back. */
  void empty() throws IOException {
    Files.deleteIfExists(point.resolve(FILLER));
  }

  /** Takes it off. A process that was just killed may hold it for a moment. */
  @Override
  public void close() {
    await("unmounting " + point)
        .atMost(Duration.ofSeconds(10))
        .until(() -> run(List.of("umount", point.toString())).code == 0);
    Guard.unmounted(point);
  }

  private record Result(int code, String said) {}

  private static Result run(List<String> command) throws IOException, InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Result(process.waitFor(), said.strip());
    } catch (IOException missing) {
      return new Result(-1, String.valueOf(missing.getMessage()));
    }
  }
}
