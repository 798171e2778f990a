package io.kdelta.storage;

/** A write and sync of the log. */
final class LogWork implements StorageWork {
  final WalWrite write;

  LogWork(WalWrite write) {
    this.write = write;
  }

  @Override
  public Kind kind() {
    return Kind.LOG;
  }

  @Override
  public void run() {
    write.run();
  }
}
