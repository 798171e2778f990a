package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Message.Cells;
import io.kdelta.reconciliation.Message.Filter;
import io.kdelta.reconciliation.Message.More;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The initiator's half of the scopes: filters, and cells over what passes them, under the key of
 * the session.
 *
 * <p>Owned by one session, on its thread. Scopes are places of one depth, so many that none has
 * more ids than a pass should take; a few are open at a time, each a small session of its own. In
 * each the initiator tells the hash of what it holds there, and a filter over it where that pays.
 * The responder, unless its hash is the same, pushes what the filter denies, and answers with a
 * filter over the <em>survivors</em> only, those that passed, and cells over them. All that both
 * hold is among the survivors; so what this side's ids fail there is unknown to the responder and
 * is pushed, and the ids that pass differ from the responder's survivors by what the two filters
 * passed by mistake, which the cells tell.
 */
final class FreshAsker {
  private static final int NIBBLE = 4;

  /** One scope that is open. */
  private static final class Scope {
    final Prefix place;

    /** What this side held when it told of it; what came since is not to be tested. */
    final MerkleTree before;

    final FilterRung incoming = new FilterRung();
    final CellStream cells;
    @Nullable BloomFilter filter;

    Scope(Limits limits, Prefix place, MerkleTree before) {
      this.place = place;
      this.before = before;
      this.cells = CellStream.announced(limits, place, true);
    }
  }

  private final Limits limits;
  private final Name nonce;
  private final Digest key;
  private final Plan plan;
  private final int depth;
  private final TreeMap<Prefix, Scope> open = new TreeMap<>();
  private final List<Message> asks = new ArrayList<>();
  private long next;

  FreshAsker(Limits limits, Name nonce, Name peer, Plan plan) {
    this.limits = limits;
    this.nonce = nonce;
    this.key = FilterRung.key(nonce, peer);
    this.plan = plan;
    double ids = Math.max(plan.mine(), plan.theirs());
    int nibbles = 0;
    while (ids > limits.scopeIdsMax() && nibbles < FreshTeller.DEPTH_MAX) {
      ids /= 16;
      nibbles++;
    }
    this.depth = nibbles;
  }

  /** The code of the cells. */
  CellCode code() {
    return FilterRung.cells(key);
  }

  /** What has to be said now: wishes for more cells, and scopes to open. */
  List<Message> takeWords(Holding holding) {
    List<Message> words = new ArrayList<>(asks);
    asks.clear();
    while (open.size() < limits.scopesInFlightMax() && next < 1L << (NIBBLE * depth)) {
      long bits = depth == 0 ? 0 : next << (Long.SIZE - NIBBLE * depth);
      next++;
      words.addAll(open(new Prefix(new Digest(bits, 0, 0, 0), depth), holding.set()));
    }
    return words;
  }

  /** Whether the peer has not answered for a scope. */
  boolean isOwed() {
    return !open.isEmpty();
  }

  /** Takes in a part of a filter; false when this side does not wait for it. */
  boolean hear(Filter part) {
    Scope scope = open.get(part.scope());
    return scope != null
        && scope.cells.size() == 0
        && scope.filter == null
        && part.nonce().equals(nonce)
        && scope.incoming.hear(part);
  }

  /** Takes in cells; false when this side does not wait for them. */
  boolean hear(Cells part) {
    Scope scope = open.get(part.scope());
    if (scope == null || scope.incoming.hasBegun() != scope.incoming.isComplete()) return false;
    return scope.cells.hear(part);
  }

  /** The peer's turn is over: takes in what it told. False when it broke off in the middle. */
  boolean settle(Holding holding, List<Digest> pushes, SortedSet<Long> wants) {
    CellCode code = code();
    Iterator<Scope> scopes = open.values().iterator();
    while (scopes.hasNext()) {
      Scope scope = scopes.next();
      if (!scope.cells.isComplete()) return false;
      if (scope.cells.size() == 0 || isDecoded(scope, code, holding, pushes, wants)) {
        scopes.remove();
        continue;
      }
      More more = scope.cells.topUp();
      if (more == null) {
        scopes.remove();
      } else {
        asks.add(more);
      }
    }
    return true;
  }

  private List<Message> open(Prefix place, MerkleTree set) {
    open.put(place, new Scope(limits, place, set));
    long count = set.count(place);
    BloomFilter filter =
        BloomFilter.sized(key, count, plan.rateOfInitiator(), limits.filterBytesMax());
    if (filter.hashes() > 0) set.iterator(place).forEachRemaining(filter::add);
    long differences = (long) Math.ceil(plan.differences() / (1L << (NIBBLE * depth)));
    Filter header =
        new Filter(
            place,
            FreshTeller.hash(set, place),
            nonce,
            count,
            differences,
            filter.hashes(),
            filter.size(),
            0,
            Octets.EMPTY);
    return FilterRung.tell(limits, header, filter);
  }

  private boolean isDecoded(
      Scope scope, CellCode code, Holding holding, List<Digest> pushes, SortedSet<Long> wants) {
    boolean isFirst = scope.filter == null && scope.incoming.isComplete();
    if (isFirst) scope.filter = scope.incoming.filter(key);
    BloomFilter filter = scope.filter;
    long[] mine = new long[scope.cells.size()];
    Iterator<Digest> ids = scope.before.iterator(scope.place);
    while (ids.hasNext()) {
      Digest id = ids.next();
      if (filter == null || filter.passes(id)) {
        code.toggle(code.symbol(id), mine);
      } else if (isFirst) {
        pushes.add(id);
      }
    }
    return scope.cells.decode(code, mine, holding, pushes, wants);
  }
}
