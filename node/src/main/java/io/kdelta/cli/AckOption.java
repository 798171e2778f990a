package io.kdelta.cli;

import io.kdelta.proto.v1.AckLevel;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --ack}: how many disks hold a write before it is acknowledged. */
final class AckOption {
  /** The levels as a person writes them. */
  enum Level {
    LOCAL,
    ONE,
    QUORUM,
    ALL;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Option(
      names = "--ack",
      paramLabel = "LEVEL",
      description =
          "${COMPLETION-CANDIDATES}: disks that must hold it; default: the rule of the node.")
  private @Nullable Level level;

  AckLevel level() {
    return level == null
        ? AckLevel.ACK_LEVEL_UNSPECIFIED
        : AckLevel.valueOf("ACK_LEVEL_" + level.name());
  }
}
