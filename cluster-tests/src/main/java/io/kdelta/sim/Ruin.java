package io.kdelta.sim;

import io.kdelta.vfs.SimVfs;
import java.util.function.Supplier;

/**
 * What an {@link Action.OnDisk} does to the bytes of a disk. Files that are not there suffer
 * nothing.
 */
final class Ruin {
  private Ruin() {}

  /**
   * Does it.
   *
   * @param image where older bytes, or all of them, are taken from
   */
  static void strike(Action.OnDisk action, SimVfs disk, Supplier<SimVfs> image) {
    switch (action) {
      case Action.Wipe _ -> disk.wipe();
      case Action.RollBack _, Action.Clone _ -> disk.become(image.get());
      case Action.Flip(int _, String file, long offset, int mask) -> {
        if (disk.exists(file)) disk.flip(file, offset, mask);
      }
      case Action.Zero(int _, String file, long offset, int count) -> {
        if (disk.exists(file)) disk.zero(file, offset, count);
      }
      case Action.LostWrite(int _, String file, long offset, int count) -> {
        if (disk.exists(file)) disk.revert(file, offset, count, image.get());
      }
      case Action.Misdirect m -> {
        if (disk.exists(m.file()) && disk.exists(m.source())) {
          disk.misdirect(m.file(), m.offset(), m.source(), m.sourceOffset(), m.count());
        }
      }
      case Action.SwapOlder(int _, String file) -> {
        SimVfs source = image.get();
        if (source.exists(file) && disk.exists(file)) disk.swapIn(file, source);
        else if (disk.exists(file)) disk.erase(file);
      }
      case Action.Erase(int _, String file) -> {
        if (disk.exists(file)) disk.erase(file);
      }
    }
  }
}
