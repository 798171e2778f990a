package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Message.Filter;
import io.kdelta.reconciliation.Message.More;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The responder's half of the scopes, see {@link FreshAsker}.
 *
 * <p>Owned by one session, on its thread. Its work is bounded whatever the peer says: a scope is
 * told once, all are of one depth, and a few may be opened in a turn; so all of them together are
 * one pass over the set for the filters and one for each of three tellings of cells. The ids of a
 * scope are kept until the peer says nothing more about it.
 */
final class FreshTeller {
  /** Sixteen million scopes; more ids than that hold nobody has. */
  static final int DEPTH_MAX = 6;

  /** One scope. */
  private static final class Scope {
    final FilterRung incoming = new FilterRung();
    List<Digest> survivors = List.of();
    int told;
    int asked;
  }

  private final Limits limits;
  private final Name peer;
  private final Digest key;
  private final TreeSet<Prefix> seen = new TreeSet<>();
  private final Map<Prefix, Scope> opening = new TreeMap<>();
  private final Map<Prefix, Scope> open = new TreeMap<>();
  private final List<More> asked = new ArrayList<>();

  FreshTeller(Limits limits, Name nonce, Name peer) {
    this.limits = limits;
    this.peer = peer;
    this.key = FilterRung.key(peer, nonce);
  }

  /** The first eight bytes of the hash at a place; zero when nothing is there. */
  static long hash(MerkleTree set, Prefix place) {
    Digest hash = set.hash(place);
    return hash == null ? 0 : hash.first();
  }

  /** The code of the cells. */
  CellCode code() {
    return FilterRung.cells(key);
  }

  /** Takes in a part of a filter; false when it is not legal. */
  boolean hear(Filter part) {
    Scope scope = opening.get(part.scope());
    if (scope == null) {
      boolean fits = seen.isEmpty() || seen.first().depth() == part.scope().depth();
      if (!fits
          || part.scope().depth() > DEPTH_MAX
          || !part.nonce().equals(peer)
          || opening.size() == limits.scopesInFlightMax()
          || !seen.add(part.scope())) {
        return false;
      }
      scope = new Scope();
      opening.put(part.scope(), scope);
    }
    return scope.incoming.hear(part);
  }

  /** Takes in a wish for more cells; false when it is not legal. */
  boolean hear(More more) {
    Scope scope = open.get(more.scope());
    if (scope == null
        || more.from() != scope.told
        || more.count() > limits.cellsMax() - scope.told
        || scope.asked++ == CellStream.TOP_UPS_MAX) {
      return false;
    }
    scope.told += more.count();
    asked.add(more);
    return true;
  }

  /** The peer's turn is over: answers what it asked. False when it broke off in the middle. */
  boolean settle(Holding holding, List<Digest> pushes, List<Message> words) {
    CellCode code = code();
    TreeSet<Prefix> kept = new TreeSet<>();
    for (More more : asked) {
      Scope scope = open.get(more.scope());
      if (scope == null) throw new AssertionError("a scope that is not open");
      kept.add(more.scope());
      int end = more.from() + more.count();
      long[] cells = CellSketch.encode(code, scope.survivors, more.from(), end);
      words.addAll(CellStream.tell(limits, more.scope(), true, more.from(), cells));
    }
    asked.clear();
    open.keySet().retainAll(kept);
    for (Map.Entry<Prefix, Scope> entry : opening.entrySet()) {
      Scope scope = entry.getValue();
      if (!scope.incoming.isComplete()) return false;
      answer(entry.getKey(), scope, holding.set(), pushes, words);
      open.put(entry.getKey(), scope);
    }
    opening.clear();
    return true;
  }

  private void answer(
      Prefix place, Scope scope, MerkleTree set, List<Digest> pushes, List<Message> words) {
    Filter header = scope.incoming.header();
    BloomFilter filter = scope.incoming.filter(key);
    if (hash(set, place) == header.hash()) {
      words.addAll(CellStream.tell(limits, place, true, 0, new long[0]));
      return;
    }
    List<Digest> survivors = new ArrayList<>();
    long failed = 0;
    Iterator<Digest> ids = set.iterator(place);
    while (ids.hasNext()) {
      Digest id = ids.next();
      if (filter.passes(id)) {
        survivors.add(id);
      } else {
        pushes.add(id);
        failed++;
      }
    }
    long count = survivors.size();
    Plan.Answer answer =
        filter.hashes() == 0
            ? Plan.Answer.estimated(header.items(), count, (double) header.differences())
            : Plan.Answer.counted(header.items(), filter.hashes(), failed, count);
    BloomFilter back = BloomFilter.sized(key, count, answer.rate(), limits.filterBytesMax());
    if (back.hashes() > 0) {
      survivors.forEach(back::add);
      Filter told =
          new Filter(
              place,
              header.hash(),
              header.nonce(),
              count,
              0,
              back.hashes(),
              back.size(),
              0,
              Octets.EMPTY);
      words.addAll(FilterRung.tell(limits, told, back));
    }
    int cells = (int) Math.clamp(Math.ceil(answer.cells()), 1, limits.cellsMax());
    scope.survivors = survivors;
    scope.told = cells;
    words.addAll(
        CellStream.tell(limits, place, true, 0, CellSketch.encode(code(), survivors, 0, cells)));
  }
}
