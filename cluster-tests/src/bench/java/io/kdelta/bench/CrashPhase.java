package io.kdelta.bench;

import java.nio.file.Path;

/** A process that is killed with a full log, and the open that follows. */
final class CrashPhase {
  private static final int WARM_ROWS = 30_000;
  private static final int WARM_OPENS = 4;

  private final String name;
  private final Path directory;
  private final Sizes sizes;
  private final Dataset data = new Dataset();

  CrashPhase(String name, Path directory, Sizes sizes) {
    this.name = name;
    this.directory = directory;
    this.sizes = sizes;
  }

  /** Fills the log with one-row puts, says so, and waits for SIGKILL. */
  void write() throws Exception {
    Engine engine = Engine.named(name);
    engine.open(directory, Engine.Mode.LOG_ONLY);
    LoadPhase.load(engine, data, 0, sizes.logRows(), 1);
    engine.sync();
    System.out.println(Meter.READY);
    System.out.flush();
    Thread.sleep(120_000);
    throw new IllegalStateException("nobody killed this process");
  }

  /** Opens what the killed process left until the first row is answered, then counts. */
  void open() throws Exception {
    Path aside = directory.resolveSibling(directory.getFileName() + "-warm");
    try (Engine engine = Engine.named(name)) {
      engine.open(aside, Engine.Mode.LOG_ONLY);
      LoadPhase.load(engine, data, 0, WARM_ROWS, 1);
      engine.sync();
    }
    for (int i = 0; i < WARM_OPENS; i++) {
      try (Engine engine = Engine.named(name)) {
        engine.open(aside, Engine.Mode.LOG_ONLY);
      }
    }
    Meter.wipe(aside);
    System.gc();
    byte[] key = new byte[Dataset.KEY_BYTES];
    byte[] value = new byte[Dataset.VALUE_BYTES];
    long start = System.nanoTime();
    try (Engine engine = Engine.named(name)) {
      engine.open(directory, Engine.Mode.UNSYNCED);
      data.key(5, key);
      if (engine.get(key, value) != value.length) throw new IllegalStateException("lost a row");
      Meter.figure("open-killed-ms", (System.nanoTime() - start) / 1e6);
      int found = 0;
      for (int i = 0; i < sizes.logRows(); i++) {
        data.key(i, key);
        if (engine.get(key, value) == value.length) found++;
      }
      Meter.figure("open-killed-rows", found);
      if (found < sizes.logRows()) {
        throw new IllegalStateException(name + " lost rows that were synced: " + found);
      }
    }
  }
}
