package io.kdelta.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Cuts a failing run down to what the failure needs: nodes, kinds of faults, clients, then single
 * actions (delta debugging, Zeller and Hildebrandt 2002), the values of writes, and time. Every
 * candidate is run, to its last step, which is an {@link Action.End} where the failure comes later
 * than all actions; it is taken when the same oracle fails.
 *
 * <p>Invariant: {@link #best} always fails by that oracle, and never has more steps than before.
 */
final class Shrink {
  /**
   * A schedule that fails.
   *
   * @param what what the oracle saw
   */
  record Failing(Setup setup, List<Step> steps, String what) {
    Failing {
      steps = List.copyOf(steps);
    }
  }

  private static final long SECOND = 1_000_000_000L;
  private static final long[] GAPS = {20 * SECOND, 5 * SECOND, SECOND, SECOND / 5};

  /** Long enough that every timer of a node comes round. */
  private static final long SLACK_NANOS = 10 * SECOND;

  private static final String SMALL_DOCUMENT = "{\"v\":1}";

  private final String oracle;
  private final BooleanSupplier goesOn;
  private Failing best;

  private Shrink(SimRun.Failed failed, BooleanSupplier goesOn) {
    this.oracle = failed.oracle();
    this.goesOn = goesOn;
    this.best = new Failing(failed.setup(), failed.steps(), String.valueOf(failed.getCause()));
  }

  /**
   * The smallest schedule found that fails by the same oracle.
   *
   * @param goesOn whether there is time for one more run
   */
  static Failing shrink(SimRun.Failed failed, BooleanSupplier goesOn) {
    Shrink shrink = new Shrink(failed, goesOn);
    shrink.all();
    return shrink.best;
  }

  private void all() {
    // A record that does not fail again by itself can not be cut.
    if (!fails(best.setup, best.steps)) return;
    int before;
    do {
      before = best.steps.size();
      nodes();
      groups(action -> action.getClass().getSimpleName());
      groups(Shrink::client);
      actions();
    } while (best.steps.size() < before && goesOn.getAsBoolean());
    values();
    time();
    actions();
  }

  private boolean fails(Setup setup, List<Step> steps) {
    if (!goesOn.getAsBoolean()) return false;
    try {
      SimRun.replay(setup, withSlack(steps));
      return false;
    } catch (SimRun.Failed failed) {
      if (!failed.oracle().equals(oracle)) return false;
      // What came after the failure is not part of it.
      best = new Failing(setup, failed.steps(), String.valueOf(failed.getCause()));
      return true;
    }
  }

  /**
   * A failure after all actions comes at another moment when less was done before: a run that ends
   * at the old one would miss it. Where it comes then is the end of what is kept.
   */
  private static List<Step> withSlack(List<Step> steps) {
    if (steps.isEmpty() || !(steps.getLast().action() instanceof Action.End end)) return steps;
    List<Step> longer = new ArrayList<>(steps);
    longer.set(steps.size() - 1, new Step(steps.getLast().atNanos() + SLACK_NANOS, end));
    return longer;
  }

  /** Without the last node, as often as that goes. */
  private void nodes() {
    while (best.setup.nodes() > 1) {
      int last = best.setup.nodes() - 1;
      Setup fewer = best.setup.withNodes(last);
      List<Step> left = without(action -> touches(action, last));
      if (!fails(fewer, left)) return;
    }
  }

  private static boolean touches(Action action, int node) {
    return switch (action) {
      case Action.Clone clone -> clone.node() == node || clone.source() == node;
      case Action.Ask ask when ask.request() instanceof Request.Remove remove ->
          ask.node() == node || remove.gone() == node;
      case Action.OnNode on -> on.node() == node;
      case Action.OnPath on -> on.from() == node || on.to() == node;
      default -> false;
    };
  }

  /** Without all actions that have one name in common, name by name. */
  private void groups(Function<Action, String> naming) {
    TreeSet<String> names = new TreeSet<>();
    for (Step step : best.steps) names.add(naming.apply(step.action()));
    if (names.size() < 2) return;
    for (String name : names) {
      if (name.isEmpty()) continue;
      List<Step> left = without(action -> naming.apply(action).equals(name));
      if (left.size() < best.steps.size()) fails(best.setup, left);
    }
  }

  private static String client(Action action) {
    return action instanceof Action.Ask ask ? "client " + ask.client() : "";
  }

  private List<Step> without(Predicate<Action> gone) {
    return best.steps.stream().filter(step -> !gone.test(step.action())).toList();
  }

  /** Without ever smaller parts of the list, down to single actions. */
  private void actions() {
    int part = Math.max(1, best.steps.size() / 2);
    while (goesOn.getAsBoolean()) {
      boolean cut = false;
      int from = 0;
      while (from < best.steps.size() && goesOn.getAsBoolean()) {
        int to = Math.min(best.steps.size(), from + part);
        List<Step> left = new ArrayList<>(best.steps.subList(0, from));
        left.addAll(best.steps.subList(to, best.steps.size()));
        if (!left.isEmpty() && fails(best.setup, left)) cut = true;
        else from = to;
      }
      if (part == 1 && !cut) return;
      if (!cut || part > best.steps.size()) part = Math.max(1, part / 2);
    }
  }

  /** Small documents where large ones are not needed: all at once, else one by one. */
  private void values() {
    List<Step> small = new ArrayList<>();
    for (Step step : best.steps) small.add(small(step));
    if (small.equals(best.steps) || fails(best.setup, small)) return;
    for (int i = 0; i < best.steps.size(); i++) {
      List<Step> one = new ArrayList<>(best.steps);
      one.set(i, small(one.get(i)));
      if (!one.equals(best.steps)) fails(best.setup, one);
    }
  }

  private static Step small(Step step) {
    if (step.action() instanceof Action.Ask ask
        && ask.request() instanceof Request.Put put
        && put.document().length() > SMALL_DOCUMENT.length()) {
      Request less =
          new Request.Put(put.path(), SMALL_DOCUMENT, put.ifAbsent(), put.marker(), put.terms());
      return new Step(
          step.atNanos(),
          new Action.Ask(ask.client(), ask.node(), less, ask.attempt(), ask.session()));
    }
    return step;
  }

  /** No pause longer than it must be. */
  private void time() {
    for (long gap : GAPS) {
      List<Step> sooner = new ArrayList<>();
      long cut = 0;
      long last = 0;
      for (Step step : best.steps) {
        cut += Math.max(0, step.atNanos() - last - gap);
        last = step.atNanos();
        sooner.add(new Step(step.atNanos() - cut, step.action()));
      }
      if (cut == 0) continue;
      fails(best.setup, sooner);
    }
  }
}
