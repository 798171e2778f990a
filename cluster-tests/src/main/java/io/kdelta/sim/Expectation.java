package io.kdelta.sim;

import java.util.List;

/** What a scenario expects to see. {@link Expectations} looks. */
sealed interface Expectation {
  /** So many heads of a key at a node. */
  record Heads(int node, String path, int count) implements Expectation {}

  /** What a read of the key shows. */
  record Value(int node, String path, String document) implements Expectation {}

  /** A read of the key finds nothing. */
  record Absent(int node, String path) implements Expectation {}

  /** So many keys with two or more heads. */
  record Conflicts(int node, int count) implements Expectation {}

  /** So many versions at least. */
  record Versions(int node, int count) implements Expectation {}

  /** So many acknowledged writes at least, of all clients. */
  record Acknowledged(int count) implements Expectation {}

  /** These nodes, or all that stand when there are none, are up and have one root; or not. */
  record Roots(List<Integer> nodes, boolean equal) implements Expectation {
    public Roots {
      nodes = List.copyOf(nodes);
    }
  }

  /** A node never had more bytes of log frames on their way to one peer (MEM). */
  record Queued(int node, long bytes) implements Expectation {}

  /** A node is up, or down. */
  record Up(int node, boolean up) implements Expectation {}

  /** A node takes writes, or says why it does not. */
  record ReadOnly(int node, boolean readOnly) implements Expectation {}

  /** A node's last recovery notes that; with an empty text: it set nothing aside. */
  record Recovery(int node, String text) implements Expectation {}

  /** A node has told its operator that, at some time. */
  record Said(int node, String text) implements Expectation {}
}
