package io.kdelta.vfs;

import java.util.TreeMap;

/** A simulated directory: the names it has, and the names a power loss can not take away. */
final class SimDirectory implements SimNode {
  final TreeMap<String, SimNode> current = new TreeMap<>();
  final TreeMap<String, SimNode> durable = new TreeMap<>();
}
