package io.kdelta.core;

import static io.kdelta.core.CoreRig.key;

import io.kdelta.causal.Version;
import io.kdelta.document.Moment;
import io.kdelta.document.Precondition;
import io.kdelta.document.Write;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * A scripted client that draws what it does from a seed, and keeps a ledger of what it was told:
 * the oracle O1 (simulation.md section 3).
 */
final class CoreSession {
  private static final int KEYS = 6;

  private final CoreRig rig;
  private final SimEntropy chance;
  private final TreeMap<Long, Integer> writes = new TreeMap<>();
  private int requests;

  CoreSession(CoreRig rig, long seed) {
    this.rig = rig;
    this.chance = new SimEntropy(seed);
  }

  /** Some steps: writes, reads, and now and then a piece of work. */
  void run(int steps) {
    for (int i = 0; i < steps; i++) {
      switch (chance.nextInt(8)) {
        case 0, 1 -> write(put());
        case 2 -> write(CoreRig.delete(name()));
        case 3 -> write(pair());
        case 4 -> rig.send(new Command.Get(key(name()), new Moment.Latest()));
        case 5 -> rig.time.advance(1 + chance.nextInt(1_000_000));
        default -> {
          if (!rig.inHand.isEmpty()) rig.runWork();
        }
      }
    }
  }

  /** What the client was told: for each acknowledged request the versions it wrote. */
  List<List<Version>> acknowledged() {
    List<List<Version>> ledger = new ArrayList<>();
    for (long ticket : writes.keySet()) {
      if (!(rig.answered.get(ticket) instanceof Reply.Written written)) continue;
      List<Version> versions = new ArrayList<>();
      for (Reply.Written.Result result : written.versions()) versions.add(result.version());
      ledger.add(versions);
    }
    return ledger;
  }

  private void write(Command command) {
    writes.put(rig.send(command), requests);
  }

  private Command put() {
    requests++;
    Bytes document = Bytes.utf8("{\"n\":" + requests + "}");
    Command.Terms terms = CoreRig.request("request " + requests);
    return new Command.Put(key(name()), document, Precondition.NONE, List.<Digest>of(), terms);
  }

  private Command pair() {
    requests++;
    // Large enough that the log rolls and tables are built within a short script.
    Bytes document = Bytes.utf8("\"" + requests + "x".repeat(20_000) + "\"");
    return CoreRig.batch(
        "request " + requests, Write.put(key("left"), document), Write.put(key("right"), document));
  }

  private String name() {
    return "k" + chance.nextInt(KEYS);
  }
}
