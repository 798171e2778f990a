package io.kdelta.cli;

import io.kdelta.cluster.ClusterConfig;
import io.kdelta.env.HostPriority;
import io.kdelta.server.CannotStart;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code kdelta rehearse}: does in little what a node does, and ends. The launcher has the JVM note
 * meanwhile what is loaded, linked and called, makes a cache of it, and starts nodes with that.
 */
@Command(
    name = "rehearse",
    description = {
      "Make the cache with which kdelta start begins warmer.",
      "Runs three small nodes and clients on this machine for less than a minute, on free ports"
          + " and with data among the temporary files, and leaves nothing but the cache: beside"
          + " kdelta.jar, or in ~/.cache/kdelta where it may not write there. Once for each build"
          + " and each Java; KDELTA_AOT=off starts nodes without."
    })
final class RehearseCommand implements Callable<Integer> {
  private static final int DOCUMENTS_MAX = 10_000_000;

  /** An eighth more than what a node may lack before it takes a snapshot. */
  private static final int DOCUMENTS =
      Math.toIntExact(ClusterConfig.Snapshots.DEFAULT.versionsMin() / 8 * 9);

  private final Invocation invocation;

  @Option(
      names = "--documents",
      paramLabel = "N",
      description =
          "Documents to begin with (default 18432); a node joins by snapshot from 16384 on.")
  private int documents = DOCUMENTS;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      converter = Invocation.Seconds.class,
      description = "How long reads and writes go on beside that (default 2).")
  private Duration seconds = Duration.ofSeconds(2);

  RehearseCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (documents < 1 || documents > DOCUMENTS_MAX) {
      throw CliException.usage("--documents " + documents + ": from 1 to " + DOCUMENTS_MAX, null);
    }
    var _ = HostPriority.lowerCompilers();
    try (RehearsedNodes nodes = new RehearsedNodes()) {
      new Rehearsal(nodes, invocation::notice).run(documents, seconds);
    } catch (IOException | CannotStart e) {
      throw failed(e.getMessage() + "", e);
    } catch (Rehearsal.Failed e) {
      throw failed(e.getMessage() + "", e);
    }
    if (!recorded()) {
      invocation.notice("done, and nothing noted: the launcher kdelta makes the cache");
    }
    return ExitCode.DONE;
  }

  private static CliException failed(String why, Exception cause) {
    return new CliException(
        ExitCode.UNEXPECTED,
        "REHEARSAL_FAILED",
        "the rehearsal cannot go on: " + why,
        "it needs free ports on 127.0.0.1 and 200 MB in "
            + System.getProperty("java.io.tmpdir")
            + "; nodes start without it, too",
        cause);
  }

  /** Whether the JVM takes notes. */
  private static boolean recorded() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .anyMatch(flag -> flag.startsWith("-XX:AOTConfiguration="));
  }
}
