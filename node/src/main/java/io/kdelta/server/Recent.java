package io.kdelta.server;

import java.util.LinkedHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The last so many things that were noted under a name; the oldest is forgotten. Thread-safe. */
final class Recent<T> {
  private final int max;
  private final ReentrantLock lock = new ReentrantLock();
  private final LinkedHashMap<String, T> noted = new LinkedHashMap<>();

  Recent(int max) {
    this.max = max;
  }

  /** Notes it as the latest; what was noted under that name before. */
  @Nullable T put(String name, T value) {
    lock.lock();
    try {
      T before = noted.remove(name);
      noted.put(name, value);
      if (noted.size() > max) noted.pollFirstEntry();
      return before;
    } finally {
      lock.unlock();
    }
  }

  void remove(String name) {
    lock.lock();
    try {
      noted.remove(name);
    } finally {
      lock.unlock();
    }
  }

  @Nullable T get(String name) {
    lock.lock();
    try {
      return noted.get(name);
    } finally {
      lock.unlock();
    }
  }
}
