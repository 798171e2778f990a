package io.kdelta.document;

import io.kdelta.causal.CausalGraph;
import io.kdelta.causal.Draft;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Request;
import io.kdelta.causal.RequestRecord;
import io.kdelta.causal.Stored;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.causal.Written;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Recognises a request that came before, here or at a node whose writes arrived here.
 *
 * <p>Owner: the core thread, for one call. No state of its own.
 */
final class Retries {
  private final CausalGraph graph;

  Retries(CausalGraph graph) {
    this.graph = graph;
  }

  /**
   * The first result of a request, or null when it is new, or when not all of its writes are here.
   * Conflict when the same id came with another body.
   *
   * @param requestId empty for a request without a name, which is always new
   * @param drafts what is asked for now
   */
  Answer.@Nullable Outcome find(String requestId, List<Draft> drafts) {
    if (requestId.isEmpty()) return null;
    List<RequestRecord> records = graph.request(requestId);
    if (records.isEmpty()) return null;
    List<Written> written = new ArrayList<>();
    long lsn = 0;
    for (RequestRecord record : records) {
      Request request = record.request();
      boolean same =
          request.count() == drafts.size()
              && record.bodyHash().equals(bodyHash(drafts.get(request.index())));
      if (!same) throw anotherBody(requestId);
      Stored stored = graph.version(record.version());
      if (stored == null) continue;
      written.add(written(stored));
      lsn = Math.max(lsn, Math.max(record.lsn(), stored.lsn()));
    }
    if (written.size() < drafts.size()) return null;
    return new Answer.Outcome(written, List.of(), lsn);
  }

  /** The version that the first write of a request became, or null when it is not here. */
  @Nullable Version first(String requestId) {
    if (requestId.isEmpty()) return null;
    List<RequestRecord> records = graph.request(requestId);
    Stored stored = records.isEmpty() ? null : graph.version(records.getFirst().version());
    return stored == null ? null : stored.version();
  }

  /** The refusal of a request id that came before with another body. */
  static KdeltaException.Conflict anotherBody(String requestId) {
    return new KdeltaException.Conflict(
        "request " + requestId,
        "the body it had before",
        "another one; a new request needs a new id");
  }

  private Written written(Stored stored) {
    Version version = stored.version();
    int heads = graph.heads(version.key()).all().size();
    return new Written(version, stored.dots(), true, version.parents().size(), heads, stored.lsn());
  }

  /** What {@link Request#bodyHash} will be once the draft is a version. */
  private static Digest bodyHash(Draft draft) {
    return Request.bodyHash(
        Version.of(
            draft.kind(),
            draft.key(),
            List.of(),
            Timestamp.ZERO,
            NodeId.NONE,
            draft.author(),
            draft.contentType(),
            draft.contentType().idOf(draft.document()),
            draft.note()));
  }
}
