package io.kdelta.sim;

import io.kdelta.cluster.ClusterConfig;
import io.kdelta.reconciliation.Limits;
import io.kdelta.storage.StorageLimits;
import java.util.ArrayList;
import java.util.List;

/**
 * A run as text: what a scenario file holds, written by a person or by {@link Shrink}.
 *
 * <p>The first lines may say what the world is: {@code seed N}, {@code nodes N}, {@code backups N},
 * {@code storage memtable=SIZE memtables=N memory=SIZE segment=SIZE block=SIZE partition=SIZE
 * reserve=SIZE}, {@code sessions filter=SIZE cells=N writers=N}, {@code snapshots from=N
 * pieces=SIZE}, {@code pace turn=T disk=T..T}. Then each line is a statement ({@link
 * ActionReader}), done when the one before is done; one that begins with {@code at TIME} is done at
 * that time, whatever else goes on. Comments begin with {@code #}; those before everything else are
 * the prose.
 */
record Script(List<String> prose, Setup setup, List<Statement> statements) {
  /** The time of a statement that follows the one before. */
  static final long IN_TURN = -1;

  /**
   * One action of a script.
   *
   * @param line where it stands; 0 when it was not read
   * @param atNanos when, or {@link #IN_TURN}
   */
  record Statement(int line, long atNanos, Action action) {}

  Script {
    prose = List.copyOf(prose);
    statements = List.copyOf(statements);
  }

  /** The record of a run as a script. */
  static Script of(List<String> prose, Setup setup, List<Step> steps) {
    List<Statement> statements = new ArrayList<>();
    for (Step step : steps) statements.add(new Statement(0, step.atNanos(), step.action()));
    return new Script(prose, setup, statements);
  }

  /**
   * Reads a scenario.
   *
   * @param source its name, for errors
   * @throws ScriptError naming line, column and what was expected there
   */
  static Script parse(String source, String text) {
    List<String> prose = new ArrayList<>();
    List<Statement> statements = new ArrayList<>();
    Setup setup = Setup.of(1, 3);
    boolean begun = false;
    boolean head = true;
    int number = 0;
    for (String written : text.split("\n", -1)) {
      number++;
      Line line = new Line(source, number, written, setup.nodes());
      if (line.blank()) {
        String comment = written.strip();
        if (!begun && comment.startsWith("#")) {
          prose.add(comment.substring(1).strip());
        }
        continue;
      }
      begun = true;
      if (head && isHead(line.next())) {
        setup = head(setup, line);
        continue;
      }
      head = false;
      long at = line.takes("at") ? line.time() : IN_TURN;
      for (Action action : ActionReader.read(line)) {
        statements.add(new Statement(number, at, action));
      }
    }
    return new Script(prose, setup, statements);
  }

  private static boolean isHead(String verb) {
    return List.of("seed", "nodes", "backups", "storage", "sessions", "snapshots", "pace")
        .contains(verb);
  }

  private static Setup head(Setup before, Line line) {
    String verb = line.word("seed, nodes, backups, storage, sessions, snapshots or pace");
    Setup after =
        switch (verb) {
          case "seed" -> before.withSeed(line.whole());
          case "nodes" -> {
            int nodes = line.count();
            if (nodes < 1 || nodes > 99) throw line.notThat("a number from 1 to 99");
            yield before.withNodes(nodes);
          }
          case "backups" -> before.withBackups(line.count());
          case "storage" -> before.withStorage(storage(line));
          case "sessions" -> {
            int filter = (int) line.size("filter");
            int cells = (int) line.number("cells");
            int writers = (int) line.number("writers");
            int pushes =
                line.has("pushes") ? (int) line.number("pushes") : Limits.STANDARD.pushesMax();
            yield before.withSessions(Setup.sessions(filter, cells, writers, pushes));
          }
          case "snapshots" -> {
            long from = line.number("from");
            yield before.withSnapshots(
                new ClusterConfig.Snapshots(from, (int) line.size("pieces")));
          }
          default -> {
            long slowest = line.timeTo("disk");
            yield before.withPace(
                new Setup.Pace((int) line.time("turn"), line.timeFrom("disk"), slowest));
          }
        };
    line.end();
    return after;
  }

  private static StorageLimits storage(Line line) {
    return new StorageLimits(
        line.size("memtable"),
        (int) line.number("memtables"),
        line.size("memory"),
        line.size("segment"),
        (int) line.size("block"),
        line.size("partition"),
        line.size("reserve"));
  }

  /** As text that {@link #parse} reads as this script. */
  String format() {
    StringBuilder out = new StringBuilder();
    for (String text : prose) {
      for (String line : text.split("\n", -1)) {
        out.append(("# " + line).stripTrailing()).append('\n');
      }
    }
    out.append("seed ").append(setup.seed()).append('\n');
    out.append("nodes ").append(setup.nodes()).append('\n');
    if (setup.backups() != ClusterConfig.BACKUPS) {
      out.append("backups ").append(setup.backups()).append('\n');
    }
    StorageLimits s = setup.storage();
    if (!s.equals(Setup.SMALL)) {
      out.append("storage memtable=").append(s.memtableBytes());
      out.append(" memtables=").append(s.unflushedMemtablesMax());
      out.append(" memory=").append(s.memtableBytesMax());
      out.append(" segment=").append(s.segmentBytes());
      out.append(" block=").append(s.blockBytes());
      out.append(" partition=").append(s.partitionBytes());
      out.append(" reserve=").append(s.reserveBytes()).append('\n');
    }
    if (!setup.sessions().equals(Limits.STANDARD)) {
      out.append("sessions filter=").append(setup.sessions().filterBytesMax());
      out.append(" cells=").append(setup.sessions().cellsMax());
      out.append(" writers=").append(setup.sessions().writersMax());
      out.append(" pushes=").append(setup.sessions().pushesMax()).append('\n');
    }
    if (!setup.snapshots().equals(ClusterConfig.Snapshots.DEFAULT)) {
      out.append("snapshots from=").append(setup.snapshots().versionsMin());
      out.append(" pieces=").append(setup.snapshots().pieceBytes()).append('\n');
    }
    Setup.Pace pace = setup.pace();
    if (!pace.equals(Setup.Pace.HEALTHY)) {
      out.append("pace turn=").append(Line.time(pace.turnMax()));
      out.append(" disk=").append(Line.time(pace.diskMin()));
      out.append("..").append(Line.time(pace.diskMax())).append('\n');
    }
    for (Statement statement : statements) {
      if (statement.atNanos != IN_TURN) {
        out.append("at ").append(Line.seconds(statement.atNanos)).append(' ');
      }
      out.append(ActionWriter.write(statement.action)).append('\n');
    }
    return out.toString();
  }
}
