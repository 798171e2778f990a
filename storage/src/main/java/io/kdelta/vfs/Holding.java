package io.kdelta.vfs;

import io.kdelta.error.KdeltaException;

/**
 * The lock of a directory that is only read: held where the medium lets it, so that nobody changes
 * it meanwhile; a medium that can not be written to changes by nobody anyway.
 */
public final class Holding implements AutoCloseable {
  private static final String LOCK = "LOCK";

  private final Vfs.Lock lock;

  private Holding(Vfs.Lock lock) {
    this.lock = lock;
  }

  /**
   * Locks the directory if that can be.
   *
   * @throws KdeltaException.DiskFault with operation "lock" if somebody else holds it
   */
  public static Holding of(Vfs vfs, String ownerText) {
    try {
      return new Holding(vfs.lock(LOCK, ownerText));
    } catch (KdeltaException.DiskFault fault) {
      Throwable cause = fault.getCause();
      String message = cause == null ? "" : String.valueOf(cause.getMessage());
      if (message.startsWith("held by")) throw fault;
      return new Holding(() -> {});
    }
  }

  @Override
  public void close() {
    lock.close();
  }
}
