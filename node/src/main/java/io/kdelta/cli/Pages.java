package io.kdelta.cli;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;

/** All items of a paged list, fetched a page at a time as they are read. Read once. */
final class Pages<T> implements Iterable<T> {
  /**
   * One page.
   *
   * @param next where to go on; empty after the last page
   */
  record Page<T>(List<T> items, String next) {}

  private final Function<String, Page<T>> fetch;

  /** {@code fetch} takes a page token, at first the empty one. */
  Pages(Function<String, Page<T>> fetch) {
    this.fetch = fetch;
  }

  @Override
  public Iterator<T> iterator() {
    return new Iterator<>() {
      private Page<T> page = fetch.apply("");
      private int index;

      @Override
      public boolean hasNext() {
        while (index == page.items().size() && !page.next().isEmpty()) {
          page = fetch.apply(page.next());
          index = 0;
        }
        return index < page.items().size();
      }

      @Override
      public T next() {
        if (!hasNext()) throw new NoSuchElementException();
        return page.items().get(index++);
      }
    };
  }
}
