package io.kdelta.sim;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an oracle notes of requests when they leave, until they end. By the very request: a client
 * may have several on their way, with equal ones among them, and their answers may come in another
 * order.
 */
final class OnTheirWay<T> {
  private record Noted<T>(Action.Ask ask, T what) {}

  private final List<Noted<T>> open = new ArrayList<>();

  /** The request leaves. */
  void left(Action.Ask ask, T what) {
    open.add(new Noted<>(ask, what));
  }

  /** The request ended: what was noted of it, or null where nothing was. */
  @SuppressWarnings("ReferenceEquality") // An equal request is another one.
  @Nullable T ended(Action.Ask ask) {
    Iterator<Noted<T>> each = open.iterator();
    while (each.hasNext()) {
      Noted<T> noted = each.next();
      if (noted.ask != ask) continue;
      each.remove();
      return noted.what;
    }
    return null;
  }

  /** What was noted of all that have not ended, in the order in which they left. */
  List<T> all() {
    return open.stream().map(Noted::what).toList();
  }
}
