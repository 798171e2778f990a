package io.kdelta.sim;

import io.kdelta.env.Entropy;
import java.util.List;

/**
 * One run of one seed (simulation.md section 3): warm up without faults; chaos; quiet; judgement.
 * Or the same again from its record, without {@link Nemesis} and {@link Workload}.
 */
public final class SimRun {
  /**
   * What a run that kept every promise did.
   *
   * @param seed its seed
   * @param trace hash of everything that happened
   * @param disks hash of all files on all disks at the end
   * @param histories hash of all that clients asked and were told
   * @param simulatedNanos virtual time that passed
   * @param nodes size of the cluster
   * @param acknowledged writes that were acknowledged
   * @param versions versions that every node held at the end
   * @param faults faults injected
   * @param conflicts keys that ended with several heads
   * @param activity how much went on
   */
  public record Outcome(
      long seed,
      String trace,
      String disks,
      String histories,
      long simulatedNanos,
      int nodes,
      long acknowledged,
      int versions,
      int faults,
      int conflicts,
      Activity activity) {}

  private static final long SECOND = 1_000_000_000L;
  private static final long WORK_FROM = 3 * SECOND;
  private static final long CHAOS_FROM = 8 * SECOND;
  private static final long QUIET_FROM = 68 * SECOND;

  /** When the lull begins, in a run that has one; what follows is so much later. */
  private static final long LULL_FROM = 38 * SECOND;

  private static final long WORK_UNTIL = 73 * SECOND;
  private static final long JUDGED_AT = 79 * SECOND;

  /** How long between two looks at a node in the middle of the faults. */
  private static final long GLANCE_NANOS = 2 * SECOND;

  private final Setup setup;
  private final World world;
  private final Stage stage;

  private SimRun(Setup setup) {
    this.setup = setup;
    this.world = new World(setup);
    this.stage = new Stage(world);
  }

  /**
   * Runs {@code seed} to its end.
   *
   * @throws Failed when a promise was broken
   */
  public static Outcome of(long seed) {
    return of(Swarm.of(seed), Couriers.usual(seed));
  }

  /**
   * As {@link #of}, with many {@link Couriers} beside everything else, and two nodes at least.
   *
   * @throws Failed when a promise was broken
   */
  static Outcome withCouriers(long seed) {
    return of(Swarm.of(seed).withNodes(2), Couriers.MANY);
  }

  private static Outcome of(Swarm swarm, int couriers) {
    SimRun run = new SimRun(swarm.setup());
    run.decide(swarm);
    run.send(couriers, swarm);
    return run.toTheEnd(JUDGED_AT + swarm.fates().lullNanos());
  }

  /** As {@link #of}, with everything that was done to the world. */
  static Recorded recorded(long seed) {
    Swarm swarm = Swarm.of(seed);
    SimRun run = new SimRun(swarm.setup());
    run.decide(swarm);
    run.send(Couriers.usual(seed), swarm);
    Outcome outcome = run.toTheEnd(JUDGED_AT + swarm.fates().lullNanos());
    return new Recorded(swarm.setup(), run.stage.record(), outcome);
  }

  /** A run that kept every promise, with its record. */
  record Recorded(Setup setup, List<Step> steps, Outcome outcome) {
    Recorded {
      steps = List.copyOf(steps);
    }
  }

  /**
   * Does to a world of that setup what the steps say, and nothing else.
   *
   * @throws Failed when a promise was broken
   */
  static Outcome replay(Setup setup, List<Step> steps) {
    SimRun run = new SimRun(setup);
    run.stage.schedule(steps);
    return run.toTheEnd(steps.isEmpty() ? 0 : steps.getLast().atNanos());
  }

  /**
   * Does what a scenario says.
   *
   * @throws Failed when a promise was broken, or an expectation did not come true
   */
  static Outcome play(Script script) {
    SimRun run = new SimRun(script.setup());
    long last = 0;
    for (Script.Statement statement : script.statements()) {
      if (statement.atNanos() == Script.IN_TURN) continue;
      run.perform(statement.atNanos(), statement.action());
      last = Math.max(last, statement.atNanos());
    }
    long until = last;
    return run.toTheEnd(() -> {
      for (Script.Statement statement : script.statements()) {
        if (statement.atNanos() == Script.IN_TURN) run.stage.perform(statement.action());
      }
      run.world.simulator().runUntil(until);
    });
  }

  /** Puts into the queue who will decide what is done to the world. */
  private void decide(Swarm swarm) {
    Workload workload = new Workload(stage, swarm);
    Watching watching = new Watching(stage);
    Cautious cautious = new Cautious(stage);
    Bursts bursts = new Bursts(stage);
    Nemesis nemesis = new Nemesis(stage, swarm.fates());
    Entropy sampling = world.chance("sampling");
    Turnover turnover = new Turnover(stage, swarm.fates());
    Strangers strangers = new Strangers(stage, swarm.fates());
    Drains drains = new Drains(stage, swarm.fates());
    Simulator simulator = world.simulator();
    int founders = setup.nodes() - swarm.fates().later();
    for (int i = 0; i < founders; i++) perform(0, new Action.Start(i));
    simulator.outside(WORK_FROM, workload::start);
    simulator.outside(WORK_FROM, watching::start);
    simulator.outside(WORK_FROM, cautious::start);
    simulator.outside(CHAOS_FROM, nemesis::start);
    simulator.outside(CHAOS_FROM, bursts::start);
    simulator.outside(CHAOS_FROM, turnover::start);
    simulator.outside(CHAOS_FROM, strangers::start);
    simulator.outside(CHAOS_FROM, drains::start);
    long lull = swarm.fates().lullNanos();
    if (lull > 0) {
      simulator.outside(LULL_FROM, workload::stop);
      simulator.outside(LULL_FROM, bursts::stop);
      simulator.outside(LULL_FROM, () -> nemesis.rest(lull));
      simulator.outside(LULL_FROM + lull, nemesis::goOn);
      simulator.outside(LULL_FROM + lull, workload::goOn);
    }
    for (long at = CHAOS_FROM + GLANCE_NANOS; at <= QUIET_FROM; at += GLANCE_NANOS) {
      long moment = at < LULL_FROM ? at : at + lull;
      perform(moment, new Action.Glance(sampling.nextInt(setup.nodes())));
    }
    simulator.outside(QUIET_FROM + lull, turnover::stop);
    simulator.outside(QUIET_FROM + lull, strangers::stop);
    simulator.outside(QUIET_FROM + lull, drains::stop);
    simulator.outside(QUIET_FROM + lull, nemesis::stop);
    simulator.outside(QUIET_FROM + lull, bursts::stop);
    simulator.outside(WORK_UNTIL + lull, workload::stop);
    simulator.outside(WORK_UNTIL + lull, watching::stop);
    simulator.outside(WORK_UNTIL + lull, cautious::stop);
    perform(JUDGED_AT + lull, new Action.Judge());
  }

  /** Puts the couriers beside those who decide. */
  private void send(int count, Swarm swarm) {
    if (count == 0) return;
    Couriers couriers = new Couriers(stage, count);
    Simulator simulator = world.simulator();
    long lull = swarm.fates().lullNanos();
    simulator.outside(WORK_FROM, couriers::start);
    if (lull > 0) {
      simulator.outside(LULL_FROM, couriers::stop);
      simulator.outside(LULL_FROM + lull, couriers::goOn);
    }
    simulator.outside(QUIET_FROM + lull, couriers::stop);
  }

  private void perform(long atNanos, Action action) {
    world.simulator().outside(atNanos, () -> stage.perform(action));
  }

  private Outcome toTheEnd(long untilNanos) {
    return toTheEnd(() -> world.simulator().runUntil(untilNanos));
  }

  private Outcome toTheEnd(Runnable story) {
    try {
      story.run();
      Outcome outcome = outcome();
      world.end();
      return outcome;
    } catch (RuntimeException | AssertionError e) {
      throw failed(e);
    }
  }

  private Failed failed(Throwable cause) {
    List<String> lines = Lanes.draw(world.trace().entries(), setup.nodes());
    Failed failed = new Failed(setup, stage.recordUntilNow(), world.nowNanos(), cause, lines);
    try {
      world.end();
    } catch (RuntimeException | AssertionError again) {
      failed.addSuppressed(again);
    }
    return failed;
  }

  private Outcome outcome() {
    return new Outcome(
        setup.seed(),
        world.trace().hash(),
        disks(),
        world.histories().hash(),
        world.nowNanos(),
        setup.nodes(),
        world.ledger().acknowledgedCount(),
        stage.judgement().versions(),
        stage.faults(),
        stage.judgement().conflicts(),
        Activity.of(world, stage.faultsByKind()));
  }

  private String disks() {
    Trace images = new Trace();
    for (SimNode node : world.nodes()) {
      images.note(world.nowNanos(), node.index(), node.disk().digest().hex());
    }
    return images.hash();
  }

  /** A run that broke a promise: what, the seed, what was done and what led to it. */
  public static final class Failed extends RuntimeException {
    private static final long serialVersionUID = 2L;

    private final String oracle;
    private final transient Setup setup;
    private final transient List<Step> steps;
    private final long atNanos;

    Failed(Setup setup, List<Step> steps, long atNanos, Throwable cause, List<String> lines) {
      super(
          "seed "
              + setup.seed()
              + " fails at "
              + Line.seconds(atNanos)
              + ": "
              + cause
              + "\n"
              + String.join("\n", lines),
          cause);
      this.atNanos = atNanos;
      this.oracle = cause instanceof OracleFailure failure ? failure.oracle() : "crash";
      this.setup = setup;
      this.steps = List.copyOf(steps);
    }

    /** The oracle that saw it, or "crash" when the product itself threw. */
    public String oracle() {
      return oracle;
    }

    /** What the world was. */
    Setup setup() {
      return setup;
    }

    /**
     * What was done to it before it failed. When it failed later than the last of that, an {@link
     * Action.End} at the moment of the failure comes last.
     */
    List<Step> steps() {
      return steps;
    }

    /** Its moment, in virtual time since the start of the run. */
    public long atNanos() {
      return atNanos;
    }
  }
}
