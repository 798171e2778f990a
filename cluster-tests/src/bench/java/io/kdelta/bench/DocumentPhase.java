package io.kdelta.bench;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Documents on top of the store: 128 bytes of canonical JSON.
 *
 * <p>"On the core" is a whole turn of a core, commands in and replies out, without the threads
 * around it; of 64 commands in a turn each counts for a share. "The store alone" is the document
 * store below it. "A client" has the embedded database with all its threads.
 */
final class DocumentPhase {
  private static final int VERSIONS = 100_000;

  private final Path directory;
  private final Sizes sizes;

  DocumentPhase(Path directory, Sizes sizes) {
    this.directory = directory;
    this.sizes = sizes;
  }

  void run() throws IOException {
    try (CoreRig rig = new CoreRig(directory.resolve("core"))) {
      rig.fill(Math.min(sizes.rows(), 100_000));
      report("document-put-core", rig.puts(64));
      report("document-get-1", rig.gets(1));
      report("document-get", rig.gets(64));
      report("document-contains", rig.contains(64));
    }
    try (CoreRig rig = new CoreRig(directory.resolve("sessions"))) {
      rig.fillInLives(Math.min(sizes.rows(), 10_000), 3);
      report("document-read", rig.reads(64, false));
      report("document-read-token", rig.reads(64, true));
    }
    try (StoreRig rig = new StoreRig(directory.resolve("versions"))) {
      rig.writeVersions(VERSIONS);
      report("document-get-store", rig.get());
      report("document-get-at", rig.getAt());
      report("document-history", rig.historyFields());
      report("document-history-whole", rig.historyWhole());
    }
    try (ClientRig rig = ClientRig.inMemory()) {
      report("document-put-memory", rig.puts(20_000, 1));
      report("document-get-client", rig.gets(50_000, 64));
    }
    try (ClientRig rig = ClientRig.onDisk(directory.resolve("client"))) {
      report("document-durable-1", rig.puts(1_000, 1));
      report("document-durable", rig.puts(50_000, 64));
    }
  }

  private static void report(String name, Timing timing) {
    Meter.figure(name + "-rate", timing.perSecond());
    Meter.figure(name + "-cpu-rate", timing.perCpuSecond());
    Meter.figure(name + "-p50-us", timing.p50() / 1e3);
    Meter.figure(name + "-p99-us", timing.p99() / 1e3);
    Meter.figure(name + "-heap", (double) timing.allocatedBytes());
  }
}
