package io.kdelta.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much of its processors a virtual machine was denied by its host, by {@code /proc/stat} (see
 * proc(5), field steal). A time that was taken meanwhile says nothing of the program. One thread.
 */
final class StolenTime {
  /** Up to here a time is one of the program's. */
  private static final double LITTLE = 0.03;

  private static final Path STAT = Path.of("/proc/stat");
  private static final int STEAL = 8;

  private long all;
  private long stolen;

  StolenTime() {
    var _ = muchSince();
  }

  /** Whether it was more than a little since the last call; no where nobody tells. */
  boolean muchSince() {
    long allBefore = all;
    long stolenBefore = stolen;
    if (!Files.isReadable(STAT)) return false;
    try {
      List<String> fields = List.of(Files.readAllLines(STAT).getFirst().split(" +", -1));
      all = 0;
      for (int i = 1; i <= STEAL; i++) all += Long.parseLong(fields.get(i));
      stolen = Long.parseLong(fields.get(STEAL));
    } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
      return false;
    }
    return stolen - stolenBefore > LITTLE * (all - allBefore);
  }
}
