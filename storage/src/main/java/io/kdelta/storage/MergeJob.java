package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A merge under way, in steps that each leave the store whole.
 *
 * <p>It takes one key range after the other. A range of moderate size is one step, which replaces
 * all it reads: the room of the newer tables is free at once, and the extra space meanwhile is that
 * of the range. A larger one is done table by table of its oldest run: a step replaces that table
 * by what it and the newer rows in its keys become, and the last step also removes the newer
 * tables. Until then their rows hide equal ones below, so that a crash between steps costs only the
 * work. A newer table never goes before an older one of its range: a delete could go while the row
 * stays that it hides. Flushes go on in between: they only add newer runs. Owner: the core thread.
 */
final class MergeJob {
  private final Compaction.Plan plan;
  private final long partitionBytes;
  private final Cuts cuts;
  private final List<Run> upper;
  private final Run oldest;
  private final List<Step> steps = new ArrayList<>();

  /** Steps that begin a range. */
  private final BitSet beginnings = new BitSet();

  private int next;

  /**
   * One step.
   *
   * @param inputs newest first, cut to what the step reads
   * @param from first key of its range, null for the beginning
   * @param to end of its range, null for the end
   * @param bottom whether it writes a part of the bottom run
   * @param outputAge age of the run that the new tables belong to
   * @param replaced tables that go when the step is done
   * @param tableBytes at which size a table ends
   * @param cuts where tables end beside that
   */
  record Step(
      List<Run> inputs,
      @Nullable RowKey from,
      @Nullable RowKey to,
      boolean bottom,
      long outputAge,
      List<SSTable> replaced,
      long tableBytes,
      Cuts cuts) {

    /** One of the tables that it reads was found to be damaged. Core thread. */
    void damaged(KdeltaException.Corrupt found) {
      for (Run run : inputs) {
        for (SSTable table : run.tables()) {
          if (table.path().equals(found.file())) table.damaged(found);
        }
      }
    }
  }

  /**
   * @param runs all runs, newest first, those of the plan not damaged
   * @param cuts for a plan that leaves the bottom out
   */
  MergeJob(List<Run> runs, Compaction.Plan plan, long partitionBytes, Cuts cuts) {
    this.plan = plan;
    this.partitionBytes = partitionBytes;
    this.cuts = cuts;
    this.upper = List.copyOf(runs.subList(plan.first(), plan.last()));
    this.oldest = runs.get(plan.last());
    for (Ranges.Range range : plan.ranges()) addSteps(range);
    if (steps.isEmpty()) throw new AssertionError("a merge of nothing");
  }

  /** The step that is due. */
  Step step() {
    return steps.get(next);
  }

  /** Whether flushes wait for it. */
  boolean urgent() {
    return plan.urgent();
  }

  boolean intoBottom() {
    return plan.bottom();
  }

  /**
   * Whether it may be given up before the next step, and all it has done stays done. In the middle
   * of a range it may not: the newer tables are still there, and would only be merged once more.
   */
  boolean betweenRanges() {
    return beginnings.get(next);
  }

  /** The step is done and durable; answers whether there is another. */
  boolean advance() {
    next++;
    return next < steps.size();
  }

  private void addSteps(Ranges.Range range) {
    List<Run> newer = new ArrayList<>();
    List<SSTable> newerTables = new ArrayList<>();
    for (Run run : upper) {
      List<SSTable> tables = run.from(boundary(range.from()), boundary(range.to()));
      if (tables.isEmpty()) continue;
      newer.add(new Run(run.age(), tables));
      newerTables.addAll(tables);
    }
    boolean deletes = plan.bottom() && range.tombstones() > 0;
    if (newer.isEmpty() && !deletes) return;
    beginnings.set(steps.size());
    if (range.bytes() <= Compaction.stepBytes(partitionBytes)) {
      steps.add(step(newer, newerTables, range.from(), range.to(), range.upperBytes()));
      return;
    }
    long share = range.upperBytes() / (range.to() - range.from());
    for (int i = range.from(); i < range.to(); i++) {
      boolean last = i == range.to() - 1;
      steps.add(step(newer, last ? newerTables : List.of(), i, i + 1, share));
    }
  }

  private Step step(List<Run> newer, List<SSTable> removed, int from, int to, long newerBytes) {
    List<SSTable> partitions = oldest.tables().subList(from, to);
    List<Run> inputs = new ArrayList<>(newer);
    Run part = new Run(oldest.age(), partitions);
    inputs.add(part);
    List<SSTable> replaced = new ArrayList<>(partitions);
    replaced.addAll(removed);
    Bytes first = boundary(from);
    Bytes end = boundary(to);
    return new Step(
        inputs,
        first == null ? null : RowKey.first(first),
        end == null ? null : RowKey.first(end),
        plan.bottom(),
        oldest.age(),
        replaced,
        tableBytes(part.bytes(), newerBytes),
        plan.bottom() ? Cuts.of(partitions, partitionBytes / 2) : cuts);
  }

  /** Where a partition begins; null for the first one and behind the last one. */
  private @Nullable Bytes boundary(int partition) {
    if (partition == 0 || partition == oldest.tables().size()) return null;
    return oldest.tables().get(partition).first().point();
  }

  /**
   * At which size a step ends a table: tables of about equal sizes, as if half of the newer rows
   * were new ones, and never a small rest behind large ones, which would make ever more tables out
   * of the same rows.
   */
  private long tableBytes(long olderBytes, long newerBytes) {
    long expected = olderBytes + newerBytes / 2;
    long most = partitionBytes + partitionBytes / 2;
    long pieces = Math.max(1, (expected + most - 1) / most);
    return pieces == 1 ? 2 * most : expected / pieces + partitionBytes / 8;
  }

  /** The runs after a step: what it replaced is gone, what it wrote lies where the age says. */
  static List<Run> after(List<Run> runs, Step step, List<SSTable> written) {
    List<Run> result = new ArrayList<>();
    boolean placed = written.isEmpty();
    for (Run run : runs) {
      List<SSTable> tables = new ArrayList<>(run.tables());
      tables.removeAll(step.replaced());
      if (run.age() == step.outputAge()) {
        tables.addAll(written);
        tables.sort((one, other) -> one.first().compareTo(other.first()));
        placed = true;
      }
      if (!tables.isEmpty()) result.add(new Run(run.age(), tables));
    }
    if (!placed) throw new AssertionError("no run of age " + step.outputAge());
    return result;
  }
}
