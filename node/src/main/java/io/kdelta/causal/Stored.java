package io.kdelta.causal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A visible version as it lies in the store, without its document.
 *
 * <p>A value without owner or thread; {@link CausalGraph#envelope} adds the document.
 *
 * @param version the version
 * @param dots its known places in logs, ascending
 * @param request the client's name for the write, if it gave one
 * @param documentBytes size of the document; 0 for a delete
 * @param lsn the LSN that wrote the row while it is in memory; 0 from a table
 */
public record Stored(
    Version version, List<Dot> dots, @Nullable Request request, int documentBytes, long lsn) {
  /** Copies the list. */
  public Stored {
    dots = List.copyOf(dots);
  }
}
