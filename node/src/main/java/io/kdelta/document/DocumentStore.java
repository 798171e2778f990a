package io.kdelta.document;

import io.kdelta.causal.CausalStats;
import io.kdelta.causal.CausalStore;
import io.kdelta.causal.Committed;
import io.kdelta.causal.Draft;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Key;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Request;
import io.kdelta.causal.Transaction;
import io.kdelta.causal.Version;
import io.kdelta.causal.Written;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Documents by key over the causal graph: what clients ask for, decided on the core thread.
 *
 * <p>Owner: the core thread. No state of its own: everything lies in the causal store. Documents
 * come in canonical form, since that work belongs to the edge. Each call that writes is one
 * transaction: all of it becomes one record of the log, or nothing happens and the refusal says
 * why.
 *
 * <p>Refusals: Invalid for a request that is wrong in itself, among them any write into a namespace
 * of the system; NotFound; Conflict for a precondition that does not hold and for a request id that
 * came before with another body; ReadOnly and Overloaded from the store below; Corrupt for a key
 * that has lost versions.
 */
public final class DocumentStore {
  /** The most bytes that a batch of two or more writes may have. */
  public static final long BATCH_BYTES_MAX = 4 << 20;

  private final CausalStore store;
  private final DocumentReader reader;

  /** Documents in {@code store}, of a node that knows of no other. */
  public DocumentStore(CausalStore store) {
    this(store, store::damaged, store.graph()::heads);
  }

  /**
   * Documents in {@code store}.
   *
   * @param replicated the heads of a key among what enough nodes are known to have synced
   */
  public static DocumentStore of(CausalStore store, Function<Key, Heads> replicated) {
    return new DocumentStore(store, store::damaged, replicated);
  }

  /** With another word on which keys miss versions. */
  DocumentStore(CausalStore store, Predicate<Key> damaged, Function<Key, Heads> replicated) {
    this.store = store;
    this.reader = new DocumentReader(store.graph(), damaged, replicated);
  }

  /** Reads of the newest state. */
  public DocumentReader reader() {
    return reader;
  }

  /**
   * Writes all of {@code writes} or none, visible together; later ones see earlier ones. A delete
   * of a key without a value is NotFound. A request id that came before answers the first result.
   *
   * @param requestId the client's name for all of it; empty for none
   */
  public Answer.Outcome write(List<Write> writes, String requestId) {
    checkWrites(writes);
    if (!requestId.isEmpty()) {
      Answer.Outcome first = new Retries(store.graph()).find(requestId, drafts(writes));
      if (first != null) return first;
    }
    return transact(transaction -> {
      List<Written> written = new ArrayList<>();
      for (int i = 0; i < writes.size(); i++) {
        Request request = request(requestId, i, writes.size());
        written.add(writeOne(transaction, writes.get(i), request));
      }
      return written;
    });
  }

  /**
   * Writes one version over all heads of a key (the first 64 in winner order), whose value {@code
   * choice} gives. Conflict when the key has a single head, so that there is nothing to resolve.
   *
   * @param dryRun only say what would be written
   * @param requestId the client's name for it; empty for none
   */
  public Answer.Resolution resolve(
      Key key,
      Choice choice,
      boolean dryRun,
      Precondition precondition,
      String note,
      String requestId) {
    refuseSystem(key);
    reader.refuseDamaged(key);
    Resolver resolver = new Resolver(reader, choice, note);
    if (!dryRun) {
      Answer.Resolution first = resolvedBefore(resolver, key, requestId);
      if (first != null) return first;
    }
    Heads heads = store.graph().heads(key);
    precondition.check(key, heads);
    if (heads.isEmpty()) throw new KdeltaException.NotFound(key.toString());
    if (!heads.conflicting()) {
      throw new KdeltaException.Conflict(
          key.toString(), "two or more heads", heads.all().size() + " head");
    }
    Resolver.Plan plan = resolver.plan(key, resolver.parents(heads));
    if (dryRun || !plan.clashes().isEmpty()) return plan.left(heads.lsn());
    Draft draft = plan.drafts().getFirst();
    Request request = request(requestId, 0, 1);
    return plan.done(
        transact(transaction ->
            List.of(transaction.write(request == null ? draft : draft.as(request)))));
  }

  /**
   * Stores versions that were made elsewhere, as an import makes them: node zero, parents before
   * children. One that is held already is not written again. NotFound for a parent that is not
   * here; then none of them is stored.
   */
  public Answer.Outcome importVersions(List<Envelope> versions) {
    if (versions.isEmpty()) throw new KdeltaException.Invalid("versions", "there is none");
    for (Envelope envelope : versions) {
      refuseSystem(envelope.version().key());
      if (!envelope.version().node().equals(NodeId.NONE)) {
        throw new KdeltaException.Invalid(
            "node", envelope.version().node().hex() + " did not import it; imports have none");
      }
    }
    return transact(transaction -> {
      List<Written> written = new ArrayList<>();
      for (Envelope each : versions) {
        written.add(transaction.importVersion(each.version(), each.document(), null));
      }
      return written;
    });
  }

  /**
   * A page of keys with two or more heads.
   *
   * @param namespace where to look; null for everywhere
   * @param after the cursor of the page before; null for the first page
   */
  public Answer.Conflicts conflicts(@Nullable String namespace, @Nullable Key after, int limit) {
    if (namespace != null) Key.checkNamespace(namespace);
    List<String> worth = new ArrayList<>();
    for (Map.Entry<String, CausalStats> entry : store.namespaces().entrySet()) {
      boolean asked = namespace == null || namespace.equals(entry.getKey());
      if (asked && entry.getValue().conflicts() > 0) worth.add(entry.getKey());
    }
    return reader.conflicts(worth, after, limit);
  }

  /** The counts of a namespace, all zero for one that never was; of everything for null. */
  public CausalStats stats(@Nullable String namespace) {
    if (namespace == null) return store.stats();
    Key.checkNamespace(namespace);
    return store.namespaces().getOrDefault(namespace, CausalStats.NONE);
  }

  /** The counts of every namespace that ever had a version, in order. */
  public SortedMap<String, CausalStats> namespaces() {
    return store.namespaces();
  }

  /** The first result of a resolve that came before under this id, or null when it is new. */
  private Answer.@Nullable Resolution resolvedBefore(Resolver resolver, Key key, String requestId) {
    Retries retries = new Retries(store.graph());
    Version before = retries.first(requestId);
    if (before == null) return null;
    // The heads are no heads any more; what they were stands in the version that resolved them.
    if (!before.key().equals(key) || before.parents().size() < 2) {
      throw Retries.anotherBody(requestId);
    }
    Resolver.Plan plan;
    try {
      plan = resolver.plan(key, before.parents());
    } catch (KdeltaException.NotFound e) {
      throw Retries.anotherBody(requestId);
    }
    Answer.Outcome outcome = retries.find(requestId, plan.drafts());
    return outcome == null ? null : plan.done(outcome);
  }

  private Written writeOne(Transaction transaction, Write write, @Nullable Request request) {
    Key key = write.key();
    Heads heads = transaction.heads(key);
    // Where versions are missing nobody knows whether there is a value.
    if (write.blind() || write.precondition().absent()) reader.refuseDamaged(key);
    write.precondition().check(key, heads);
    if (write.deletes() && !heads.live()) throw new KdeltaException.NotFound(key.toString());
    Draft draft = write.draft();
    return transaction.write(request == null ? draft : draft.as(request));
  }

  private Answer.Outcome transact(Body body) {
    Transaction transaction = store.begin();
    List<Written> written;
    try {
      written = body.run(transaction);
    } catch (RuntimeException | Error e) {
      transaction.abandon();
      throw e;
    }
    Committed committed = transaction.commit();
    return new Answer.Outcome(written, committed.applied(), committed.lsn());
  }

  private static void checkWrites(List<Write> writes) {
    if (writes.isEmpty()) throw new KdeltaException.Invalid("batch", "has no write");
    long bytes = 0;
    for (Write write : writes) {
      refuseSystem(write.key());
      if (write.deletes() && write.precondition().absent()) {
        throw new KdeltaException.Invalid("if_absent", "cannot guard a delete");
      }
      bytes += write.size();
    }
    if (writes.size() > 1 && bytes > BATCH_BYTES_MAX) {
      throw new KdeltaException.Invalid(
          "batch", bytes + " bytes; the limit is " + BATCH_BYTES_MAX + " bytes");
    }
  }

  private static void refuseSystem(Key key) {
    if (key.system()) {
      throw new KdeltaException.Invalid(
          "namespace", "'" + key.namespace() + "' is the system's own, as all that start with '_'");
    }
  }

  private static List<Draft> drafts(List<Write> writes) {
    List<Draft> drafts = new ArrayList<>(writes.size());
    for (Write write : writes) drafts.add(write.draft());
    return drafts;
  }

  private static @Nullable Request request(String id, int index, int count) {
    return id.isEmpty() ? null : new Request(id, index, count);
  }

  /** What a transaction does between its beginning and its commit. */
  @FunctionalInterface
  private interface Body {
    List<Written> run(Transaction transaction);
  }
}
