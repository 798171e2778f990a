package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.List;
import java.util.TreeMap;

/**
 * O4, in the middle of a run: what a node answers for single keys is what follows from all that it
 * holds. Keys that change in the meantime are passed over.
 */
final class ModelOracle implements Oracle {
  private static final int KEYS_A_GLANCE = 4;

  private final World world;
  private final Entropy sampling;

  ModelOracle(World world) {
    this.world = world;
    this.sampling = world.chance("oracle O4");
  }

  @Override
  public void glance(SimNode node) {
    CoreSubject subject = world.subject(node);
    TreeMap<String, List<Digest>> answered = new TreeMap<>();
    RawGraph before;
    RawGraph after;
    try {
      before = subject.atOneMoment();
      List<String> keys = before.keys();
      for (int i = 0; i < Math.min(KEYS_A_GLANCE, keys.size()); i++) {
        String path = keys.get(sampling.nextInt(keys.size()));
        int slash = path.indexOf('/');
        answered.put(path, subject.heads(path.substring(0, slash), path.substring(slash + 1)));
      }
      after = subject.atOneMoment();
    } catch (KdeltaException refused) {
      undue(node, refused);
      return; // It went down, or says itself that something is missing.
    }
    answered.forEach((path, heads) -> {
      List<RawGraph.Raw> expected = before.heads(path);
      if (!after.heads(path).equals(expected)) return;
      if (heads.equals(expected.stream().map(RawGraph.Raw::id).toList())) return;
      throw new OracleFailure(
          "O4", subject.name() + " has heads " + heads + " of " + path + ", not " + expected);
    });
  }

  /** A node whose disk never rotted has no reason to miss what it holds. */
  static void undue(SimNode node, KdeltaException refused) {
    if (node.rotten() || !(refused instanceof KdeltaException.Corrupt)) return;
    throw new OracleFailure(
        "O4", World.name(node.index()) + " misses, on a sound disk: " + refused);
  }
}
