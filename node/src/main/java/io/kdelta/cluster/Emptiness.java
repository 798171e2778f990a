package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.List;

/**
 * Whether a node that holds no version, of a cluster that had some, may say that there is nothing.
 * Pure.
 *
 * <p>It may when every other member that has not left is linked and says that it holds none, and so
 * when there is no other: who lost its disk behind one that will never come back has to remove that
 * one first.
 */
final class Emptiness {
  /** Those who would know have not been heard. */
  static final Readiness UNHEARD = Readiness.not("no seed has answered");

  private static final Readiness HELD = Readiness.not("other members hold versions");

  private Emptiness() {}

  static Readiness of(List<Member> members, NodeId self) {
    for (Member member : members) {
      if (member.state() == Member.State.LEFT || member.node().equals(self)) continue;
      boolean told = member.linked() && !member.facts().equals(Member.Facts.NONE);
      if (!told || member.facts().versions() > 0) return HELD;
    }
    return Readiness.READY;
  }
}
