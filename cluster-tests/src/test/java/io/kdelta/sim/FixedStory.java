package io.kdelta.sim;

import io.kdelta.cluster.AckLevel;
import io.kdelta.cluster.ClusterConfig;
import io.kdelta.storage.StorageLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * One fixed story over a small cluster, told again and again by the enumerations: writes at every
 * level, a batch, values of their own file, flushes, merges and new log segments, a partition with
 * conflicts and the reconciliation behind it, a resolve, a kill, a power loss. Whatever a test adds
 * to it happens to the {@link #VICTIM}; an operator starts what went down after each chapter.
 *
 * <p>At the end {@link Judgement}: agreement, a write of each node alone, a cold start, every
 * oracle.
 */
final class FixedStory {
  /** The node that things happen to; a joiner, so that its first steps need the seed. */
  static final int VICTIM = 1;

  private static final int NODES = 2;
  private static final long MILLI = 1_000_000L;
  private static final long SECOND = 1_000 * MILLI;

  /** So tight that a few writes of 3 KB flush, four flushes merge, and the log rolls. */
  static final StorageLimits TIGHT =
      new StorageLimits(12 << 10, 3, 8L << 20, 32 << 10, 512, 16 << 10, 16 << 10);

  /** What a test adds to the story. */
  interface Twist {
    /** The victim is down and about to be started, for the first time or again. */
    void beforeALife(Stage stage, SimNode victim);
  }

  private final World world;
  private final Stage stage;
  private final Twist twist;
  private int markers;
  private int clients;

  private FixedStory(long seed, StorageLimits limits, Twist twist) {
    this.twist = twist;
    this.world =
        new World(new Setup(seed, NODES, ClusterConfig.BACKUPS, limits, Setup.Pace.HEALTHY));
    this.stage = new Stage(world);
  }

  /**
   * Tells the story once.
   *
   * @param watch sees the stage at the end of a telling that kept every promise
   * @throws AssertionError naming {@code what} and the oracle that failed
   */
  static void tell(String what, long seed, Twist twist, Consumer<Stage> watch) {
    FixedStory story = new FixedStory(seed, TIGHT, twist);
    try {
      story.tell();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(
          what
              + ", seed "
              + seed
              + ": "
              + e
              + "\n"
              + String.join("\n", Lanes.draw(story.world.trace().entries(), NODES)),
          e);
    }
    watch.accept(story.stage);
  }

  private void tell() {
    chapter(2_000 * MILLI);
    for (int i = 0; i < 10; i++) put(i % NODES, i % 4, 900, level(i));
    batch(VICTIM);
    put(VICTIM, 5, 6_000, AckLevel.ALL);
    chapter(500 * MILLI);
    apart();
    fill(24);
    delete(VICTIM, 3);
    chapter(500 * MILLI);
    stage.perform(new Action.Kill(VICTIM));
    put(0, 1, 300, AckLevel.LOCAL);
    pass(300 * MILLI);
    chapter(1_500 * MILLI);
    put(VICTIM, 5, 5_000, AckLevel.ONE);
    fill(16);
    stage.perform(new Action.PowerLoss(VICTIM));
    chapter(1_000 * MILLI);
    for (int i = 0; i < 6; i++) put(i % NODES, i % 4, 400, level(i));
    chapter(1_000 * MILLI);
    for (int node = 0; node < NODES; node++) stage.perform(new Action.HealDisk(node));
    // What waits for a node that was down is answered, or refused at its deadline.
    chapter(7 * SECOND);
    stage.perform(new Action.Judge());
  }

  /** Two nodes that do not hear each other write the same keys; then one makes one of two heads. */
  private void apart() {
    for (int node = 0; node < NODES; node++) {
      if (node == VICTIM) continue;
      stage.perform(new Action.Cut(node, VICTIM));
      stage.perform(new Action.Cut(VICTIM, node));
    }
    pass(200 * MILLI);
    for (int i = 0; i < 6; i++) put(i % 2, 2 + i / 2, 200, AckLevel.LOCAL);
    pass(300 * MILLI);
    stage.perform(new Action.HealAll());
    chapter(1_500 * MILLI);
    String marker = "w" + ++markers;
    ask(VICTIM, new Request.Resolve("t/k2", "{\"one\":1}", marker, terms(AckLevel.ONE)));
    chapter(300 * MILLI);
  }

  /** Writes until memtables are frozen, tables merged, log segments done with. */
  private void fill(int writes) {
    for (int i = 0; i < writes; i++) put(VICTIM, i % 5, 2_500, AckLevel.LOCAL);
  }

  private void put(int node, int key, int size, AckLevel level) {
    String marker = "w" + ++markers;
    String document = "{\"by\":\"" + marker + "\",\"pad\":\"" + "x".repeat(size) + "\"}";
    ask(node, new Request.Put("t/k" + key, document, false, marker, terms(level)));
    pass(15 * MILLI);
  }

  private void delete(int node, int key) {
    ask(node, new Request.Delete("t/k" + key, "w" + ++markers, terms(AckLevel.LOCAL)));
  }

  private void batch(int node) {
    List<Request.Item> items = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String marker = "w" + ++markers;
      items.add(new Request.Item("t/b" + i, "{\"by\":\"" + marker + "\"}", marker));
    }
    ask(node, new Request.Batch(items, terms(AckLevel.ONE)));
    pass(15 * MILLI);
  }

  private Request.Terms terms(AckLevel level) {
    return new Request.Terms("r" + markers, level);
  }

  private void ask(int node, Request request) {
    // Nobody waits for the answer before, so each request has a client of its own.
    stage.perform(new Action.Ask(++clients, node, request, 1));
  }

  private static AckLevel level(int i) {
    return switch (i % 3) {
      case 0 -> AckLevel.LOCAL;
      case 1 -> AckLevel.ONE;
      default -> AckLevel.ALL;
    };
  }

  /** Time passes, and an operator starts what is down: at its beginning and half way. */
  private void chapter(long nanos) {
    for (int half = 0; half < 2; half++) {
      for (SimNode node : world.nodes()) {
        if (node.up()) continue;
        if (node.index() == VICTIM) twist.beforeALife(stage, node);
        stage.perform(new Action.Start(node.index()));
      }
      pass(nanos / 2);
    }
  }

  private void pass(long nanos) {
    world.simulator().runUntil(world.nowNanos() + nanos);
  }
}
