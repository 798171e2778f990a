package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.verify.Findings;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Compares the dots that versions carry with the rows of positions, log by log, and follows the
 * chains. Of a log it keeps numbers alone: how many, and a sum over what is there, which two
 * different sets share by no accident.
 */
final class LogsVerifier {
  private final Findings findings;
  private final TreeMap<Incarnation, Log> logs = new TreeMap<>();

  /** One log. */
  private static final class Log {
    private long claimed;
    private long rows;
    private long claimedSum;
    private long rowsSum;
    private long reached;
    private Digest chain;
    private long chainBrokenAt;
    private boolean disputed;

    Log(Incarnation incarnation) {
      chain = Distinction.chainStart(incarnation);
    }
  }

  LogsVerifier(Findings findings) {
    this.findings = findings;
  }

  /** A version says that it lies there. */
  void claimed(Dot dot, Digest id) {
    Log log = log(dot.incarnation());
    log.claimed++;
    log.claimedSum += number(dot.seq(), id);
  }

  /** A row says so, with the chain value behind it if it is known. In ascending order. */
  void row(Dot dot, Digest id, @Nullable Digest chain) {
    Log log = log(dot.incarnation());
    log.rows++;
    log.rowsSum += number(dot.seq(), id);
    if (dot.seq() != log.reached + 1) return;
    log.reached = dot.seq();
    log.chain = Distinction.chain(log.chain, id);
    boolean broken = chain != null && !chain.equals(log.chain);
    if (broken && log.chainBrokenAt == 0) log.chainBrokenAt = dot.seq();
  }

  void disputed(Incarnation incarnation) {
    log(incarnation).disputed = true;
  }

  long count() {
    return logs.size();
  }

  void finish() {
    logs.forEach((incarnation, log) -> {
      if (log.claimed != log.rows || log.claimedSum != log.rowsSum) {
        findings.damage(
            "",
            0,
            "log "
                + incarnation
                + " has "
                + log.rows
                + " positions, versions name "
                + log.claimed
                + (log.claimed == log.rows ? ", not the same ones" : ""));
      }
      if (log.chainBrokenAt > 0 && !log.disputed) {
        findings.damage(
            "", 0, "the chain of log " + incarnation + " breaks at " + log.chainBrokenAt);
      }
    });
  }

  private Log log(Incarnation incarnation) {
    return logs.computeIfAbsent(incarnation, Log::new);
  }

  private static long number(long seq, Digest id) {
    long mixed = (id.first() ^ (seq * 0x9E3779B97F4A7C15L)) * 0xC2B2AE3D27D4EB4FL;
    return (mixed ^ (mixed >>> 29)) + id.second() * seq;
  }
}
