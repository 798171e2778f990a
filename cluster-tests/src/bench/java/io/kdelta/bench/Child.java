package io.kdelta.bench;

import io.kdelta.env.HostPriority;
import java.nio.file.Path;

/**
 * One process that measures one phase of one engine: {@code PHASE ENGINE DIRECTORY}. May be run by
 * hand; figures go to the standard output.
 */
public final class Child {
  private Child() {}

  /** Runs the phase and ends the process: a failure with a status of 1 and a stack trace. */
  public static void main(String[] args) {
    int status = 1;
    try {
      run(args[0], args[1], Path.of(args[2]));
      status = 0;
    } catch (Exception | LinkageError e) {
      e.printStackTrace(System.err);
    }
    System.out.flush();
    // Peers leave threads behind.
    System.exit(status);
  }

  private static void run(String phase, String engine, Path directory) throws Exception {
    // As a node does; for all engines alike.
    HostPriority.lowerCompilers().ifPresent(why -> Meter.note("compilers compete: " + why));
    Sizes sizes = Sizes.fromProperties();
    switch (phase) {
      case "machine" -> new MachinePhase(directory, sizes).run();
      case "load" -> new LoadPhase(engine, directory, sizes).run();
      case "durable" -> new DurablePhase(engine, directory, sizes).run();
      case "crash-write" -> new CrashPhase(engine, directory, sizes).write();
      case "crash-open" -> new CrashPhase(engine, directory, sizes).open();
      case "overwrite" -> new OverwritePhase(engine, directory, sizes).run();
      case "documents" -> new DocumentPhase(directory, sizes).run();
      case "growth" -> new Growth(directory).run();
      default -> throw new IllegalArgumentException("no phase " + phase);
    }
  }
}
