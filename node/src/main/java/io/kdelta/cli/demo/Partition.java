package io.kdelta.cli.demo;

import java.util.TreeMap;
import java.util.TreeSet;

/** Which nodes are cut off from all others, and what the links of each carry. Thread-safe. */
final class Partition {
  private final TreeSet<String> alone = new TreeSet<>();
  private final TreeMap<String, Long> carried = new TreeMap<>();

  synchronized void isolate(String node) {
    alone.add(node);
  }

  synchronized void heal() {
    alone.clear();
    notifyAll();
  }

  synchronized boolean open(String from, String to) {
    return from.equals(to) || !(alone.contains(from) || alone.contains(to));
  }

  /** Returns when bytes may travel from one node to the other. */
  synchronized void awaitOpen(String from, String to) throws InterruptedException {
    while (!open(from, to)) wait();
  }

  /** So many bytes have reached the far end of a link. */
  synchronized void carried(String from, String to, int bytes) {
    carried.merge(from, (long) bytes, Long::sum);
    carried.merge(to, (long) bytes, Long::sum);
  }

  /** Bytes that all links of a node have carried so far, both ways. */
  synchronized long carriedBytes(String node) {
    return carried.getOrDefault(node, 0L);
  }
}
