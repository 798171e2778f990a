package io.kdelta.sim;

import io.kdelta.causal.SetVerifier;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;

/**
 * O12: every datum that was destroyed and that nobody has any more is named in a report: by its key
 * and id on any node, or by the file that was struck, or the one that had to be set aside for it,
 * on the node whose it was. A report is what a node tells its operator or answers when it is asked,
 * then or ever after; a start that is refused for corruption names the disk as a whole. Only the
 * end of a log that nothing proves to have been durable may be taken for a torn one (NOHOLE), and
 * only a disk on which nothing tells of a store for a new one: a wiped one has nothing to report,
 * nor has one whose files went one by one.
 *
 * <p>And what a node knows to be lost it names one by one: as many versions as rows on its disk
 * say, read by the verifier's own code.
 */
final class HonestyOracle implements Oracle {
  private static final String LOST = "lost here until a peer brings it back: ";

  /** What a node told somebody about damage. */
  private record Told(int node, long atNanos, String text) {
    boolean names(Atlas.Loss loss) {
      if (node != loss.node() || atNanos < loss.atNanos()) return false;
      boolean whole =
          text.startsWith("start refused: corrupt") || text.startsWith("halts: corrupt");
      return whole || loss.files().stream().anyMatch(text::contains);
    }
  }

  private final World world;
  private final List<Told> reports = new ArrayList<>();
  private long looks;

  HonestyOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void noted(int node, String what) {
    boolean damage = what.contains("set aside ") || what.contains("corrupt: ");
    if (node >= 0 && damage) reports.add(new Told(node, world.nowNanos(), what));
  }

  @Override
  public void quiet(List<Audit> audits) {
    look(audits);
  }

  @Override
  public void cold(List<Audit> audits) {
    look(audits);
  }

  private void look(List<Audit> audits) {
    StringBuilder lost = new StringBuilder();
    for (SimNode node : world.standing()) {
      List<String> report = report(node);
      for (String line : report) {
        noted(node.index(), line);
        if (line.startsWith(LOST)) lost.append(line).append('\n');
      }
      if (node.rotten())
        whole(node, report.stream().filter(line -> line.startsWith(LOST)).toList());
    }
    RawGraph left = audits.getFirst().graph();
    for (Atlas.Loss loss : world.atlas().losses()) {
      if (loss.fault() instanceof Action.OnDisk fault && fault.rots() && !loss.unproven()) {
        named(loss, fault, left, lost.toString());
      }
    }
  }

  private List<String> report(SimNode node) {
    return ((Reply.Status) world.asker().ask(node, new Command.AdminStatus())).recovery();
  }

  private void named(Atlas.Loss loss, Action.OnDisk fault, RawGraph left, String lost) {
    looks++;
    if (reports.stream().anyMatch(told -> told.names(loss))) return;
    List<String> unnamed = new ArrayList<>();
    loss.versions()
        .forEach((id, path) -> {
          if (!left.contains(id) && !lost.contains(id.hex())) unnamed.add(path + " " + id);
        });
    if (unnamed.isEmpty()) return;
    throw new OracleFailure(
        "O12",
        fault
            + " ("
            + loss.files()
            + ") destroyed at "
            + loss.atNanos()
            + " what nobody names: "
            + unnamed
            + "\nreports: "
            + reports.stream().filter(told -> told.node == loss.node()).toList());
  }

  /** Every row of a lost version on the disk is one line of the report. */
  private void whole(SimNode node, List<String> report) {
    looks++;
    SimVfs disk = node.disk().copy(new SimEntropy(looks));
    disk.setCapacity(Long.MAX_VALUE);
    disk.failNothing();
    Findings findings = new Findings();
    SetVerifier set = new SetVerifier(findings);
    long rows;
    try {
      StoreVerifier.Summary summary =
          new StoreVerifier(disk, findings, (done, total) -> {}).verify(set::row);
      if (summary.liveRows() < 0 || findings.damage() > 0) return; // As below.
      rows = set.finish().lost();
    } catch (KdeltaException unreadable) {
      return; // It rots still, and nothing has touched that yet.
    }
    if (rows == report.size()) return;
    String name = World.name(node.index());
    throw new OracleFailure(
        "O12",
        name + " names " + report.size() + " lost versions, its disk " + rows + ": " + report);
  }
}
