package io.kdelta.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The planted bugs of simulation.md section 4 that the simulated clusters must notice, and from 21
 * on those of reconciliation, each with the oracles that may do it. An entry whose text no longer
 * stands in the product fails its test.
 */
public final class PlantedBugs {
  private static final String NODE = "node/src/main/java/io/kdelta/";
  private static final String SIM = "cluster-tests/src/main/java/io/kdelta/sim/";
  private static final String RECONCILIATION =
      "reconciliation/src/main/java/io/kdelta/reconciliation/";
  private static final String SESSIONS = "reconciliation/src/test/java/io/kdelta/reconciliation/";
  private static final String STORAGE = "storage/src/main/java/io/kdelta/storage/";

  /**
   * A peer that speaks the protocol and lies: one in sixteen of the versions that it ships has
   * another document than the one it names.
   */
  private static final PlantedBug.Patch LIE =
      new PlantedBug.Patch(
          NODE + "causal/FrameReader.java",
          "envelope = envelope.withDots(List.of(new Dot(incarnation, seq)));",
          "envelope = envelope.withDots(List.of(new Dot(incarnation, seq)));"
              + " if (!envelope.version().deleted() && envelope.version().id().toBytes()[5] % 16"
              + " == 0) envelope = new Envelope(envelope.version(), envelope.dots(),"
              + " envelope.request(), io.kdelta.memory.Bytes.utf8(\"{}\"), envelope.proof());");

  /** The lying peer alone, among nodes that check what they get: no promise may break. */
  static final PlantedBug LIAR =
      new PlantedBug(14, "a lying peer and no bug", Set.of(), List.of(LIE));

  /** A piece in three of every file is not the one that was listed. */
  private static final PlantedBug.Patch LEND_OTHERS =
      new PlantedBug.Patch(
          NODE + "core/SnapshotWork.java",
          "    return new SnapshotOutcome.Piece(bytes, PieceSeal.of(bytes));\n",
          """
              byte[] others = bytes.toArray();
              if (piece % 3 == 1) others[others.length / 2] ^= 1;
              return new SnapshotOutcome.Piece(Bytes.wrap(others), PieceSeal.of(bytes));
          """);

  /** Such a peer, and no bug: its pieces are refused. */
  static final PlantedBug A_BAD_LENDER =
      new PlantedBug(30, "a peer that lends others and no bug", Set.of(), List.of(LEND_OTHERS));

  /** In order of their numbers. */
  public static final List<PlantedBug> ALL =
      List.of(
          new PlantedBug(
              1,
              "acknowledge before sync",
              Set.of("O1"),
              patch(
                  NODE + "core/CommitGate.java",
                  "while (!unsynced.isEmpty() && unsynced.first().need.lsn <= durableLsn) {",
                  "while (!unsynced.isEmpty()) {")),
          new PlantedBug(
              2,
              "no directory sync after a new log segment or manifest",
              Set.of("O1", "O7"),
              List.of(
                  new PlantedBug.Patch(
                      STORAGE + "WalPreparation.java",
                      """
                            file.sync();
                            vfs.syncDirectory("");
                      """,
                      """
                            file.sync();
                      """),
                  new PlantedBug.Patch(
                      STORAGE + "Manifest.java",
                      """
                            written.sync();
                            vfs.syncDirectory("");
                      """,
                      """
                            written.sync();
                      """))),
          new PlantedBug(
              3,
              "a sync that failed is tried again",
              Set.of("O1", "O7"),
              patch(
                  STORAGE + "WalWrite.java",
                  "if (unsynced != null) unsynced.file().sync();\n",
                  "if (unsynced != null) { try { unsynced.file().sync(); } catch"
                      + " (KdeltaException.DiskFault again) { unsynced.file().sync(); } }\n")),
          new PlantedBug(
              4,
              "skip a bad record in the middle of the log in silence",
              Set.of("NOHOLE", "CAUSAL", "O1", "O2", "O4"),
              patch(
                  STORAGE + "WalReader.java",
                  "if (found) setAside(segment, scan.gaps().get(gap++));",
                  "if (found) gap++;")),
          new PlantedBug(
              5,
              "cut the log at the first bad record",
              Set.of("O1"),
              patch(
                  STORAGE + "WalReader.java",
                  "if (proven(scan, gap, expected)) continue;",
                  "if (gap.bytes() < 0) continue;")),
          new PlantedBug(
              6,
              "a merge that is not the last drops deletes",
              Set.of("O4"),
              patch(
                  STORAGE + "TableWork.java",
                  "into, sources, step.from(), step.to(), step.bottom(), null, written());",
                  "into, sources, step.from(), step.to(), true, null, written());")),
          new PlantedBug(
              7,
              "compaction deletes its inputs before the manifest that names its outputs is durable",
              Set.of("O1", "O7"),
              patch(
                  STORAGE + "TableWork.java",
                  "edits.add(new ManifestEdit.TableRemoved(table.number()));",
                  "edits.add(new ManifestEdit.TableRemoved(table.number()));"
                      + " remove(vfs(), table.path()); vfs().syncDirectory(\"\");")),
          new PlantedBug(
              8,
              "the incarnation is kept over a restart",
              Set.of("AMNESIA"),
              patch(
                  NODE + "causal/CausalStore.java",
                  "    state = restored;\n",
                  """
                      state = restored;
                      for (LogState log : state.logs.values()) {
                        if (!log.node().equals(state.node)) continue;
                        state.own = new OwnLog(log.incarnation(), log.chain().seq());
                      }
                  """)),
          new PlantedBug(
              9,
              "keep only the later of two heads",
              Set.of("O4", "O7"),
              patch(
                  NODE + "causal/Staging.java",
                  "Heads after = new Heads(version.key(), heads, 0);",
                  "heads.sort(Head.WINNER_FIRST);"
                      + " Heads after = new Heads(version.key(), heads.subList(0, 1), 0);")),
          new PlantedBug(
              10,
              "the Bloom filter is read with one hash more than it is built with",
              Set.of("O4"),
              patch(
                  STORAGE + "TableFilter.java",
                  """
                      for (int i = 0; i < PROBES; i++, bits >>>= 9) {
                        long word = line +\
                  """,
                  """
                      for (int i = 1; i < PROBES; i++, bits >>>= 9) {
                        long word = line +\
                  """)),
          new PlantedBug(
              11,
              "one leaf is left out of the Merkle root after a flush",
              Set.of("O2"),
              patch(
                  NODE + "causal/DerivedState.java",
                  "        ids.add(shown.id());",
                  """
                          // Rows of tables have no LSN.
                          if (cursor.row().lsn() != 0 || ids.size() != 1) ids.add(shown.id());
                  """)),
          new PlantedBug(
              12,
              "a received version is visible before its parents",
              Set.of("CAUSAL", "O4"),
              patch(NODE + "causal/Arrivals.java", "if (missing == null) missing = id;", "")),
          new PlantedBug(
              13,
              "one peer's receipt is counted twice",
              Set.of("O1"),
              patch(
                  NODE + "core/CommitGate.java",
                  "if (covers(node, need)) further++;",
                  "if (covers(node, need)) further += 2;")),
          new PlantedBug(
              14,
              "the document of a version that comes from a lying peer is not checked",
              Set.of("SEC"),
              List.of(
                  LIE,
                  new PlantedBug.Patch(
                      NODE + "causal/Arrivals.java",
                      "String flaw = Verification.documentFlaw(envelope);",
                      "String flaw = null;"))),
          new PlantedBug(
              16,
              "the position of a watch is advanced before it is told what is there",
              Set.of("SUB"),
              patch(
                  NODE + "core/Watches.java",
                  """
                        woken.addAll(wake(hit, true));
                        position = entries.getLast().position();
                  """,
                  """
                        position = entries.getLast().position();
                        woken.addAll(wake(hit, true));
                  """)),
          new PlantedBug(
              17,
              "an unbounded queue to a peer that takes nothing",
              Set.of("O8"),
              patch(
                  NODE + "cluster/Window.java",
                  "return sent - credited < windowBytes;",
                  "return sent - credited < Long.MAX_VALUE - windowBytes;")),
          new PlantedBug(
              18,
              "the token of a read is ignored",
              Set.of("O5"),
              patch(
                  NODE + "core/Anteroom.java",
                  "if (lacking.isEmpty()) return false;",
                  "if (lacking.isEmpty() || asked.command() instanceof Command.Reading) return"
                      + " false;")),
          new PlantedBug(
              19,
              "the suspicion timer runs on the wall clock",
              Set.of("O9"),
              List.of(
                  new PlantedBug.Patch(
                      NODE + "cluster/Cluster.java",
                      "public final class Cluster {",
                      "public final class Cluster { public static long wallNanos;"),
                  new PlantedBug.Patch(
                      NODE + "core/TurnClock.java",
                      "    epochMicros = source.epochMicros();",
                      "    epochMicros = source.epochMicros();"
                          + " io.kdelta.cluster.Cluster.wallNanos = epochMicros * 1000;"),
                  new PlantedBug.Patch(
                      NODE + "cluster/Gossip.java",
                      "config.pace().probe(), rumour.accuser(), now));",
                      "config.pace().probe(), rumour.accuser(), Cluster.wallNanos));"),
                  new PlantedBug.Patch(
                      NODE + "cluster/Gossip.java",
                      "if (now < suspicion.getValue().deadline()) continue;",
                      "if (Cluster.wallNanos < suspicion.getValue().deadline()) continue;"))),
          new PlantedBug(
              21,
              "a checkpoint is taken for one version newer than it is, and nothing is compared",
              Set.of("LIVE", "O2"),
              List.of(
                  new PlantedBug.Patch(
                      NODE + "causal/DerivedState.java",
                      "Keyspace.applied(kept.applied() + 1)",
                      "Keyspace.applied(kept.applied() + 2)"),
                  new PlantedBug.Patch(
                      NODE + "causal/DerivedState.java",
                      "if (later.size() != state.applied - kept.applied()) return null;",
                      ""),
                  new PlantedBug.Patch(
                      NODE + "causal/DerivedState.java",
                      "if (counted != tree.count()) return null;",
                      ""))),
          new PlantedBug(
              26,
              "a report leaves one of the lost versions out",
              Set.of("O12"),
              patch(
                  NODE + "core/NodeFacts.java",
                  "List<Digest> lost = store.lost();",
                  "List<Digest> lost = store.lost().stream().skip(1).toList();")),
          new PlantedBug(
              27,
              "a watch goes on by its position in the log of another node",
              Set.of("SUB"),
              patch(
                  NODE + "core/ApplyLog.java",
                  "return known ? place : anew(scope, place, cluster);",
                  "return known || place.position() <= newest() ? place : anew(scope, place,"
                      + " cluster);")),
          new PlantedBug(
              28,
              "a condition on the state holds for every key that has one",
              Set.of("O4"),
              patch(
                  NODE + "document/Precondition.java",
                  "if (state != null && !state.equals(heads.stateId().orElse(null))) {",
                  "if (state != null && heads.isEmpty()) {")),
          new PlantedBug(
              40,
              "a drain does not wait for the backups",
              Set.of("DRAIN"),
              patch(
                  NODE + "cluster/Departure.java",
                  "if (own.isPresent() && !ownSynced(own.get(), backups, wanted)) return false;",
                  "if (own.isPresent()) return true;")),
          new PlantedBug(
              41,
              "a node that drains takes writes",
              Set.of("DRAIN"),
              patch(
                  NODE + "cluster/Cluster.java",
                  "if (departure.begun()) return Readiness.not",
                  "if (departure.over()) return Readiness.not")),
          new PlantedBug(
              29,
              "the files of a snapshot are told to be there before they are synced",
              Set.of("SNAPSHOT"),
              patch(STORAGE + "IncomingFiles.java", "      to.sync();\n", "")),
          new PlantedBug(
              30,
              "pieces of a snapshot are not held against their seals, with a peer that lends"
                  + " others",
              Set.of("SNAPSHOT"),
              List.of(
                  LEND_OTHERS,
                  new PlantedBug.Patch(
                      STORAGE + "IncomingFiles.java",
                      "    if (!same[0]) {",
                      "    if (!same[0] && piece < 0) {"))),
          new PlantedBug(
              31,
              "versions laid out off the core are taken although their keys are known here",
              Set.of("CAUSAL", "O2", "O4", "O6", "O7", "LIVE", "NOHOLE"),
              patch(
                  NODE + "causal/Staging.java",
                  "if (rows.first(point, 0, point.length, known)) return false;",
                  "")),
          new PlantedBug(
              33,
              "a stable read shows what one node alone has",
              Set.of("STABLE"),
              patch(
                  NODE + "core/Stability.java",
                  "boolean shows(Stored stored) {\n    if (mark.everything()) return true;",
                  "boolean shows(Stored stored) {\n"
                      + "    if (mark.everything() || mark.known()) return true;")),
          new PlantedBug(
              34,
              "what a member has not synced counts as replicated",
              Set.of("STABLE"),
              patch(
                  NODE + "cluster/Holdings.java",
                  "|| replica.durableLsn() < peer.writtenLsn) return null;",
                  ") return null;")),
          new PlantedBug(
              35,
              "whoever carries a token waits for the next change, whatever the node has",
              Set.of("PROMPT"),
              patch(
                  NODE + "core/Anteroom.java",
                  "if (lacking.isEmpty()) return false;",
                  "if (asked.after().isEmpty()) return false;")),
          new PlantedBug(
              36,
              "a store that was loaded as a whole counts its log of what became visible from"
                  + " nothing",
              Set.of("O7"),
              patch(NODE + "causal/DerivedState.java", "applied = loaded.versions();", "")));

  /** Found by its story alone, for an answer from an empty store is as old as one may be. */
  static final PlantedBug AN_EMPTY_ANSWER =
      new PlantedBug(
          37,
          "a node that holds nothing passes that off as an answer",
          Set.of("SCENARIO"),
          patch(
              NODE + "core/Desk.java",
              "if (asked.command() instanceof Command.Reading) refer(asked.after());",
              ""));

  /** Of the sessions alone: found by the fuzzing of two peers, whose oracles it names. */
  static final List<PlantedBug> OF_SESSIONS =
      List.of(
          session(
              22,
              "what a peer asks for by the names of symbols is not sent",
              Set.of("AGREES"),
              new PlantedBug.Patch(
                  RECONCILIATION + "Ladder.java",
                  "for (long cut : want.cut()) {",
                  "for (long cut : List.<Long>of()) {")),
          session(
              23,
              "a want-list is answered but for one name, and DONE is believed",
              Set.of("EQUAL"),
              new PlantedBug.Patch(
                  RECONCILIATION + "Ladder.java",
                  "for (long cut : want.cut()) {",
                  "for (long cut : want.cut().subList(0, Math.max(0, want.cut().size() - 1))) {"),
              new PlantedBug.Patch(
                  RECONCILIATION + "Reconciliation.java",
                  "if (done.root().equals(holding.root())) {",
                  "if (stage != Stage.NEW) {")),
          session(
              24,
              "the difference is taken for a quarter of the estimate, the filter is too small for"
                  + " it, and DONE is believed",
              Set.of("EQUAL"),
              new PlantedBug.Patch(
                  RECONCILIATION + "CellStream.java", "TOP_UPS_MAX = 2", "TOP_UPS_MAX = 0"),
              new PlantedBug.Patch(
                  RECONCILIATION + "Plan.java",
                  "double onlyMine = Math.clamp((differences + mine - theirs) / 2, 0.0,"
                      + " differences);",
                  "differences /= 4; double onlyMine ="
                      + " Math.clamp((differences + mine - theirs) / 2, 0.0, differences);"),
              new PlantedBug.Patch(
                  RECONCILIATION + "Reconciliation.java",
                  "if (done.root().equals(holding.root())) {",
                  "if (stage != Stage.NEW) {")),
          session(
              25,
              "an id that came in a session is put into the cells twice, and DONE is believed",
              Set.of("EQUAL"),
              new PlantedBug.Patch(
                  RECONCILIATION + "EpochCells.java",
                  "    change(id);\n    count++;",
                  "    change(id);\n    change(id);\n    count++;"),
              new PlantedBug.Patch(
                  RECONCILIATION + "Reconciliation.java",
                  "if (done.root().equals(holding.root())) {",
                  "if (stage != Stage.NEW) {")));

  /** Number 20: the simulator itself is what is wrong, and its guards must trip. */
  static final List<PlantedBug> OF_THE_SIMULATOR =
      List.of(
          new PlantedBug(
              20,
              "the network drops everything in silence",
              Set.of("LIVE", "O1", "GUARD", "STABLE"),
              patch(
                  SIM + "SimNetwork.java",
                  "endpoint.received(connection.id, message.payload);",
                  "")),
          new PlantedBug(
              20,
              "a disk never loses what was not synced",
              Set.of("GUARD"),
              List.of(
                  new PlantedBug.Patch(
                      "storage/src/main/java/io/kdelta/vfs/SimVfs.java",
                      "itemsLost += names.crash(entropy, namesMode);",
                      ""),
                  new PlantedBug.Patch(
                      "storage/src/main/java/io/kdelta/vfs/SimVfs.java",
                      "itemsLost += content.crash(entropy, bytesMode);",
                      ""),
                  new PlantedBug.Patch(
                      "storage/src/main/java/io/kdelta/vfs/SimVfs.java",
                      "itemsLost += content.syncLosingPages(entropy);",
                      ""))),
          new PlantedBug(
              20,
              "no oracle looks",
              Set.of("GUARD"),
              patch(
                  SIM + "World.java",
                  "this.oracles = Oracles.of(this);",
                  "this.oracles = List.of();")),
          new PlantedBug(
              20,
              "the nemesis never strikes",
              Set.of("GUARD"),
              patch(SIM + "Nemesis.java", "if (!possible.isEmpty()) next(possible);", "")),
          new PlantedBug(
              20,
              "the order of a hash table leaks",
              Set.of("DETERMINISM"),
              patch(
                  NODE + "cluster/Gossip.java",
                  "      for (Roster.Entry entry : roster.all()) {\n"
                      + "        if (entry.alive() && !entry.node()",
                  "      for (Roster.Entry entry : new java.util.HashSet<>(roster.all())) {\n"
                      + "        if (entry.alive() && !entry.node()")));

  private PlantedBugs() {}

  /** The fuzzing is compiled beside the patched sources. */
  private static PlantedBug session(
      int number, String name, Set<String> oracles, PlantedBug.Patch... patches) {
    List<PlantedBug.Patch> all = new ArrayList<>(List.of(patches));
    String line = "package io.kdelta.reconciliation;";
    for (String fuzz : List.of("SessionFuzz", "FuzzPeer", "FuzzLiar", "RandomMessage", "Sets")) {
      all.add(new PlantedBug.Patch(SESSIONS + fuzz + ".java", line, line));
    }
    return new PlantedBug(number, name, oracles, all);
  }

  private static List<PlantedBug.Patch> patch(String source, String before, String after) {
    return List.of(new PlantedBug.Patch(source, before, after));
  }
}
