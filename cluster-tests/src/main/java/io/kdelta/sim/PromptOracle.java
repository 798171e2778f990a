package io.kdelta.sim;

import io.kdelta.causal.CausalToken;
import io.kdelta.error.KdeltaException;
import java.util.TreeMap;

/**
 * PROMPT: for what a node has nobody waits. A read with a token, asked of a node that would still
 * have all that the token names if its power failed now, is answered no later than the same read
 * without a token that is asked there in the same moment, behind it.
 *
 * <p>It looks only where somebody asks so, twice ({@link Couriers}). What the node has it learns
 * from a copy of the disk, started anew. A token that does not name everything is left out: what a
 * node is to have for it no disk tells.
 */
final class PromptOracle implements Oracle {
  /** Disks that are looked into in one run. */
  private static final long PROBES_MAX = 12;

  private final World world;
  private final DurabilityProbe probe;

  /** By client: its read with a token and the one without that was asked with it. */
  private final TreeMap<Integer, Pair> pairs = new TreeMap<>();

  /** The last read with a token, and when it was asked. */
  private Action.Ask carrying = NOBODY;

  private long askedAt = -1;
  private long looks;

  private static final Action.Ask NOBODY = new Action.Ask(-1, -1, new Request.Get(""), 1);

  /** Two reads of one key at one node in one moment. */
  private static final class Pair {
    private final Action.Ask carrying;
    private final Action.Ask bare;
    private long bareToldAt = Long.MAX_VALUE;

    Pair(Action.Ask carrying, Action.Ask bare) {
      this.carrying = carrying;
      this.bare = bare;
    }
  }

  PromptOracle(World world) {
    this.world = world;
    this.probe = new DurabilityProbe(world.chance("prompt probe"), world.setup().storage());
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void asked(Action.Ask ask, SimNode node) {
    if (!(ask.request() instanceof Request.Get)) return;
    if (ask.session() > 0) {
      carrying = ask;
      askedAt = world.nowNanos();
      return;
    }
    boolean twin =
        askedAt == world.nowNanos()
            && carrying.node() == ask.node()
            && carrying.request().equals(ask.request());
    if (twin && has(node, world.clients().token(carrying))) {
      pairs.put(carrying.client(), new Pair(carrying, ask));
    }
  }

  private boolean has(SimNode node, CausalToken token) {
    boolean whole = !token.isEmpty() && !token.partial() && !token.folded();
    if (!whole || node.receipts().struck() || probe.probes() >= PROBES_MAX) return false;
    return probe.synced(node, token);
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // The very request: a client may ask the same again.
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    boolean found = outcome.reply() != null || outcome.error() instanceof KdeltaException.NotFound;
    for (Pair pair : pairs.values()) {
      if (pair.bare == ask && found) pair.bareToldAt = world.nowNanos();
    }
    Pair pair = pairs.get(ask.client());
    if (pair == null || pair.carrying != ask) return;
    pairs.remove(ask.client());
    boolean behind = outcome.error() instanceof KdeltaException.Behind;
    if (!found && !behind) return;
    looks++;
    if (!behind && world.nowNanos() <= pair.bareToldAt) return;
    throw new OracleFailure(
        "PROMPT",
        World.name(ask.node())
            + " has what the token of client "
            + ask.client()
            + " names and "
            + (behind ? "says that it is behind" : "makes it wait")
            + ": "
            + ask.request());
  }
}
