package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kdelta.env.HostEntropy;
import io.kdelta.env.HostWorker;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.HostVfs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.SynchronousQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the log works on a real file system with real log and table threads. Method: records over
 * several segments, written by a worker while the next buffer fills; opened again and compared.
 */
final class HostLogTest {
  private static final WalLimits LIMITS = new WalLimits(1 << 20, 1 << 20, 1);

  @TempDir private Path directory;

  @Test
  void recordsSurviveAnOpenOnRealFiles() throws Exception {
    List<Bytes> appended = new ArrayList<>();
    List<Throwable> deaths = new ArrayList<>();
    HostVfs vfs = new HostVfs(directory);
    Manifest manifest = Manifest.open(vfs, new HostEntropy());
    Wal wal = Wal.open(vfs, new HostEntropy(), LIMITS, manifest, (_, _, _, _, _) -> {});
    SynchronousQueue<WalWrite> written = new SynchronousQueue<>();
    try (HostWorker log = new HostWorker("log", deaths::add)) {
      boolean out = false;
      while (wal.durableLsn() < 3_000) {
        if (wal.wantsSegment()) {
          WalPreparation preparation = wal.prepare();
          preparation.run();
          wal.prepared(preparation);
        }
        for (int i = 0; i < 100 && appended.size() < 3_000; i++) {
          Bytes payload = Bytes.utf8("record " + appended.size() + " ".repeat(1_000));
          if (!wal.fits(payload.size())) break;
          wal.append(1, payload);
          appended.add(payload);
        }
        if (out) wal.written(written.take());
        out = wal.takeWrite().map(write -> submit(log, write, written)).isPresent();
      }
      if (out) wal.written(written.take());
    }
    assertEquals(List.of(), deaths);
    wal.close();
    manifest.close();
    List<Bytes> recovered = new ArrayList<>();
    Manifest again = Manifest.open(vfs, new HostEntropy());
    Wal reopened =
        Wal.open(
            vfs,
            new HostEntropy(),
            LIMITS,
            again,
            (_, _, array, from, size) -> recovered.add(Bytes.copyOf(array, from, size)));
    assertEquals(appended, recovered);
    assertEquals(List.of(), reopened.recovery().damage());
    reopened.close();
    again.close();
  }

  private static WalWrite submit(
      HostWorker log, WalWrite write, SynchronousQueue<WalWrite> written) {
    log.submit(() -> {
      write.run();
      try {
        written.put(write);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    });
    return write;
  }
}
