package io.kdelta.process;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Since when which node can receive nothing from its peers: its process is dead or stopped, or
 * every link to it is cut. Whoever makes a node deaf says so afterwards, and takes it back before
 * it can hear again, so that what stands here is certain. Thread-safe.
 */
final class Deafness {
  private final Map<Integer, Long> since = new ConcurrentHashMap<>();

  /** The node hears nothing from now on. */
  void begins(int node) {
    since.putIfAbsent(node, System.nanoTime());
  }

  /** The node may hear from now on. */
  void ends(int node) {
    since.remove(node);
  }

  /** How many nodes beside {@code except} have heard nothing from {@code nanos} until now. */
  int count(long nanos, int except) {
    int deaf = 0;
    for (Map.Entry<Integer, Long> node : since.entrySet()) {
      if (node.getKey() != except && node.getValue() <= nanos) deaf++;
    }
    return deaf;
  }
}
