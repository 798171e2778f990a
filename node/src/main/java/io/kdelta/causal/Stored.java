package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A version as it lies in the store.
 *
 * <p>A value without owner or thread; {@link CausalGraph#envelope(Stored)} adds a document that
 * lies elsewhere.
 *
 * @param version the version
 * @param dots its known places in logs, ascending
 * @param request the client's name for the write, if it gave one
 * @param documentBytes size of the document; 0 for a delete
 * @param inline the document, or null when it is so large that the content keyspace has it
 * @param proof empty until there are identities
 * @param lsn the LSN that wrote the row while it is in memory; 0 from a table
 */
public record Stored(
    Version version,
    List<Dot> dots,
    @Nullable Request request,
    int documentBytes,
    @Nullable Bytes inline,
    Bytes proof,
    long lsn) {
  /** Copies the list. */
  public Stored {
    dots = List.copyOf(dots);
  }
}
