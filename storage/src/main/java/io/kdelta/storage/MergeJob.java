package io.kdelta.storage;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A merge under way, in steps that each leave the store whole.
 *
 * <p>It takes one table of its oldest run after the other: a step replaces that table by what it
 * and the newer rows in its key range become, and the last step also removes the newer runs. Until
 * then their rows hide equal ones below, so that a crash between steps costs only the work, and the
 * extra space is that of one table. Flushes go on in between: they only add newer runs. Owner: the
 * core thread.
 */
final class MergeJob {
  private final List<Run> upper;
  private final Run oldest;
  private final boolean withBottom;
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
   * @param last whether the merge ends with it
   */
  record Step(
      List<Run> inputs,
      @Nullable RowKey from,
      @Nullable RowKey to,
      boolean bottom,
      long outputAge,
      List<SSTable> replaced,
      boolean last) {}

  /**
   * @param runs the runs of the plan, newest first, none damaged
   */
  MergeJob(List<Run> runs, boolean withBottom) {
    this.upper = List.copyOf(runs.subList(0, runs.size() - 1));
    this.oldest = runs.getLast();
    this.withBottom = withBottom;
  }

  /** The step that is due. */
  Step step() {
    List<SSTable> upperTables = new ArrayList<>();
    for (Run run : upper) upperTables.addAll(run.tables());
    List<SSTable> partitions = oldest.tables();
    SSTable partition = partitions.get(next);
    boolean last = next == partitions.size() - 1;
    List<Run> inputs = new ArrayList<>(upper);
    inputs.add(new Run(oldest.age(), List.of(partition)));
    List<SSTable> replaced = new ArrayList<>(List.of(partition));
    if (last) replaced.addAll(upperTables);
    RowKey from = next == 0 ? null : RowKey.first(partition.first().point());
    RowKey to = last ? null : RowKey.first(partitions.get(next + 1).first().point());
    return new Step(inputs, from, to, withBottom, oldest.age(), replaced, last);
  }

  /**
   * At which size a step ends a table: about as large as the others, never a small rest behind
   * large ones, which would make ever more tables out of the same rows.
   */
  long tableBytes(long partitionBytes) {
    long share = oldest.tables().get(next).bytes();
    for (Run run : upper) share += run.bytes() / oldest.tables().size();
    long most = partitionBytes + partitionBytes / 4;
    long pieces = Math.max(1, (share + most - 1) / most);
    return pieces == 1 ? most : share / pieces + partitionBytes / 16;
  }

  /** The step is done and durable; answers whether there is another. */
  boolean advance() {
    next++;
    return next < oldest.tables().size();
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
