package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Two sides and the ordered streams between them, for tests: every message goes through its bytes,
 * every pushed version arrives in order, and an oracle counts what is sent in vain.
 */
final class Link {
  /** One side: what it holds, what it refuses, and its session. */
  static final class Side {
    final Limits limits;
    final MessageCodec codec;
    final Set<Digest> refuses = new TreeSet<>();
    final List<Effect> ends = new ArrayList<>();
    final Deque<Object> stream = new ArrayDeque<>();
    MerkleTree held;
    Reconciliation session;

    /** What is said in place of what the machine says. */
    UnaryOperator<Message> liar = message -> message;

    int pushed;
    int news;
    int bytes;

    Side(Limits limits, MerkleTree held) {
      this.limits = limits;
      this.codec = new MessageCodec(limits);
      this.held = held;
      this.session =
          Reconciliation.responder(limits, new Name(0, 0), () -> Snapshot.of(MerkleTree.empty()));
    }

    Supplier<Snapshot> holdings() {
      return () -> Snapshot.of(held, List.copyOf(refuses));
    }

    void open(boolean initiator, Random random) {
      Name nonce = new Name(random.nextLong(), random.nextLong());
      session =
          initiator
              ? Reconciliation.initiator(limits, nonce, holdings())
              : Reconciliation.responder(limits, nonce, holdings());
      stream.clear();
      ends.clear();
    }
  }

  final Side one;
  final Side two;
  private final String label;

  /** Versions pushed that the other side held: a name cut short, or a filter's, hit two. */
  int vain;

  /** How many ids one turn may push. */
  int pushMax = Integer.MAX_VALUE;

  /** Whether nobody lies, so that nothing may be sent in vain. */
  boolean honest = true;

  Link(Limits limits, MerkleTree one, MerkleTree two, String label) {
    this.one = new Side(limits, one);
    this.two = new Side(limits, two);
    this.label = label;
  }

  /** Opens a session from the first side to the second. */
  void open(Random random) {
    one.open(true, random);
    two.open(false, random);
    take(one, two, one.session.step(new Input.Start()));
  }

  /** Lets one thing arrive, whichever side it is for; false when nothing is under way. */
  boolean deliver(Random random) {
    if (one.stream.isEmpty() && two.stream.isEmpty()) return false;
    boolean first = two.stream.isEmpty() || (!one.stream.isEmpty() && random.nextBoolean());
    Side source = first ? one : two;
    arrive(source, first ? two : one, source.stream.removeFirst());
    return true;
  }

  /** Runs a session to its end. */
  void run(Random random) {
    open(random);
    while (deliver(random)) {
      // Every step is checked where it is taken.
    }
  }

  private void arrive(Side source, Side target, Object what) {
    if (what instanceof byte[] frame) {
      take(target, source, target.session.step(target.codec.decode(frame)));
      return;
    }
    Digest id = (Digest) what;
    if (target.refuses.contains(id)) {
      take(target, source, target.session.step(new Input.Refused(id)));
      return;
    }
    if (!target.held.contains(id)) target.news++;
    target.held = target.held.insert(id);
    take(target, source, target.session.step(new Input.Received(id)));
  }

  private void take(Side actor, Side other, List<Effect> effects) {
    for (Effect effect : effects) {
      switch (effect) {
        case Effect.Send(Message message) -> {
          byte[] frame = actor.codec.encode(actor.liar.apply(message));
          actor.bytes += frame.length;
          actor.stream.add(frame);
        }
        case Effect.Push(List<Digest> ids) -> {
          if (ids.size() > pushMax) throw new AssertionError(label + " pushes " + ids.size());
          for (Digest id : ids) {
            if (honest && !actor.held.contains(id))
              throw new AssertionError(label + " pushes what it lacks");
            if (honest && other.held.contains(id)) vain++;
            actor.pushed++;
            actor.stream.add(id);
          }
        }
        case Effect.Done done -> actor.ends.add(done);
        case Effect.Abort abort -> actor.ends.add(abort);
      }
    }
  }
}
