package io.kdelta.soak;

import io.kdelta.env.HostEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.HostVfs;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The process that is killed: opens the store in the directory of its argument, tells the story on
 * without end, and prints each LSN that became durable, one a line. What it prints is promised.
 */
final class Teller {
  private Teller() {}

  /** One argument: the directory. Ends by itself only when the disk refuses. */
  public static void main(String[] arguments) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try {
      tell(new Driver(new HostVfs(Path.of(arguments[0])), new HostEntropy()), out);
    } catch (KdeltaException.DiskFault atOpening) {
      out.println("refused: " + atOpening.getMessage());
    }
  }

  private static void tell(Driver driver, PrintStream out) {
    if (driver.store().recovery().lossy()) {
      out.println("lossy: " + driver.store().recovery());
      return;
    }
    long told = -1;
    while (driver.refusal().isEmpty()) {
      boolean all = driver.tell(1 + (int) (driver.store().lastLsn() % 8));
      driver.work(all ? 0 : 1);
      if (driver.store().durableLsn() == told) continue;
      told = driver.store().durableLsn();
      out.println(told);
    }
    out.println((driver.store().fenced() ? "fenced: " : "refused: ") + driver.refusal());
  }
}
