package io.kdelta.sim;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * A node against all that it holds itself, at any moment: its answers are those of the {@link
 * Model} (O4, O6), its root is that of its versions (O2), nothing is shown whose parents are not
 * (CAUSAL), no document is another than its version names (SEC), and no place in a log was ever
 * given to two versions, on whatever nodes they lie (AMNESIA).
 *
 * <p>Answers are compared at the node's own position: between two questions for the root that are
 * answered alike nothing has become visible.
 */
final class ModelOracle implements Oracle {
  private static final int QUESTIONS_A_GLANCE = 6;
  private static final int QUESTIONS_IN_QUIET = 25;

  private final World world;
  private final Sightings sightings;
  private final Entropy sampling;

  /** Whose place it is: filled from every node that was looked at, for the whole run. */
  private final TreeMap<Dot, Digest> dots = new TreeMap<>();

  private long answersCompared;

  ModelOracle(World world, Sightings sightings) {
    this.world = world;
    this.sightings = sightings;
    this.sampling = world.chance("oracle O4");
  }

  @Override
  public long looks() {
    return answersCompared;
  }

  @Override
  public void glance(SimNode node) {
    look(node, QUESTIONS_A_GLANCE);
  }

  @Override
  public void quiet(List<Audit> audits) {
    for (SimNode node : world.standing()) look(node, QUESTIONS_IN_QUIET);
  }

  @Override
  public void cold(List<Audit> audits) {
    for (SimNode node : world.standing()) look(node, QUESTIONS_IN_QUIET);
  }

  private void look(SimNode node, int questions) {
    try {
      compare(world.subject(node), questions, node.rotten());
    } catch (KdeltaException refused) {
      // It went down, or says itself that something is missing: no silent hole.
      undue(node, refused);
    }
  }

  /**
   * @param rotten whether a part of the set may go, as a question comes upon it, and be back at the
   *     next look at the root: then what is wrong is looked at once more
   */
  private void compare(CoreSubject subject, int questions, boolean rotten) {
    Digest before = subject.root();
    CoreSubject.Exported exported = subject.export();
    if (rotten && !before.equals(new Model(exported.versions()).graph().root())) {
      exported = subject.export();
    }
    boolean whole = before.equals(subject.root());
    List<Envelope> held = whole ? exported.versions() : exported.ofOneMoment();
    Model model = new Model(held);
    List<Questions.Question> wrong = new ArrayList<>();
    Questions asked = new Questions(model, sampling);
    for (int i = 0; whole && i < questions; i++) {
      Questions.Question question = asked.next();
      if (!answer(question, subject).equals(question.expected())) wrong.add(question);
    }
    if (rotten) wrong.removeIf(each -> answer(each, subject).equals(each.expected()));
    boolean still = whole && before.equals(subject.root());
    if (still && !wrong.isEmpty()) {
      heads(subject, model);
      Questions.Question first = wrong.getFirst();
      throw new OracleFailure(
          first.oracle(),
          subject.name()
              + " says that "
              + first.command()
              + " is "
              + answer(first, subject)
              + ", not "
              + first.expected());
    }
    model.graph().check();
    if (still && !before.equals(model.graph().root())) {
      throw new OracleFailure(
          "O2",
          subject.name() + " says root " + before + ", its versions have " + model.graph().root());
    }
    if (still) answersCompared += questions;
    exported.versions().forEach(this::place);
    for (Envelope one : exported.versions()) named(subject, one);
    sightings.held(exported.versions());
  }

  private static List<String> answer(Questions.Question question, CoreSubject subject) {
    return Questions.answer(question.command(), subject.ask());
  }

  /** Something is wrong: whether it is the heads of some key says more than a sum or a list. */
  private static void heads(CoreSubject subject, Model model) {
    for (String path : model.graph().keys()) {
      int slash = path.indexOf('/');
      List<Digest> answer = subject.heads(path.substring(0, slash), path.substring(slash + 1));
      if (answer.equals(model.heads(path))) continue;
      throw new OracleFailure(
          "O4",
          subject.name() + " has heads " + answer + " of " + path + ", not " + model.heads(path));
    }
  }

  /** SEC: nothing was let in whose document is not the one that its version names. */
  private static void named(CoreSubject subject, Envelope one) {
    if (one.version().contentType() != ContentType.JSON) return;
    if (Audit.named("json", one.document()).equals(one.version().content())) return;
    throw new OracleFailure(
        "SEC", subject.name() + " holds under " + one.version().id() + " " + one.document());
  }

  /** AMNESIA: a dot has one owner for ever, unless somebody lies about it. */
  private void place(Envelope held) {
    if (held.version().node().equals(world.liar().node())) return;
    for (Dot dot : held.dots()) {
      Digest owner = dots.putIfAbsent(dot, held.version().id());
      if (owner == null || owner.equals(held.version().id())) continue;
      throw new OracleFailure(
          "AMNESIA", dot + " is the place of " + owner + " and of " + held.version().id());
    }
  }

  /** A node whose disk never rotted has no reason to miss what it holds. */
  static void undue(SimNode node, KdeltaException refused) {
    if (node.rotten() || !(refused instanceof KdeltaException.Corrupt)) return;
    throw new OracleFailure(
        "O4", World.name(node.index()) + " misses, on a sound disk: " + refused);
  }
}
