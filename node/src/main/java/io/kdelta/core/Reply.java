package io.kdelta.core;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Head;
import io.kdelta.causal.Key;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Version;
import io.kdelta.cluster.AckLevel;
import io.kdelta.cluster.CatchUpProgress;
import io.kdelta.cluster.ClusterId;
import io.kdelta.cluster.Member;
import io.kdelta.cluster.Pulse;
import io.kdelta.cluster.Readiness;
import io.kdelta.cluster.Session;
import io.kdelta.document.JsonDiff;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Errand;
import io.kdelta.storage.StorageStats;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What the core answers to a {@link Command}. Immutable, on the heap, read by any thread.
 *
 * <p>Lists come in pages: {@code next} is what the command's {@code page} takes to go on, empty
 * after the last one. It is opaque and stays valid, whatever is written meanwhile.
 */
public sealed interface Reply {
  /**
   * What a write did: the answer to Put, Delete and Batch.
   *
   * @param versions one for each write, in the order asked
   * @param level the level that was met
   * @param synced how many nodes have it synced, this one included
   */
  record Written(List<Result> versions, AckLevel level, int synced) implements Reply {
    public Written {
      versions = List.copyOf(versions);
    }

    /**
     * One version written.
     *
     * @param superseded how many heads it replaced
     * @param left how many heads stay beside it
     * @param repeated whether it was there already, from an earlier request with the same id
     */
    public record Result(Version version, int superseded, int left, boolean repeated) {}
  }

  /**
   * The answer to Get.
   *
   * @param version the winner
   * @param heads how many heads the key has; 0 (not counted) when a past moment was asked for
   * @param stateId what {@link Command.Guard} takes; of now, whatever point was asked for
   */
  record Value(Envelope version, int heads, Digest stateId) implements Reply {}

  /**
   * The answer to Heads.
   *
   * @param heads the winner first
   * @param commonAncestors nearest common ancestors of all heads; empty with one head, or none
   */
  record HeadList(Key key, List<Envelope> heads, Digest stateId, List<Envelope> commonAncestors)
      implements Reply {
    public HeadList {
      heads = List.copyOf(heads);
      commonAncestors = List.copyOf(commonAncestors);
    }
  }

  /** The answer to Exists. */
  record Existence(boolean exists) implements Reply {}

  /** The answer to ListKeys. */
  record KeyList(List<Key> keys, String next) implements Reply {
    public KeyList {
      keys = List.copyOf(keys);
    }
  }

  /** The answer to ListNamespaces. */
  record NamespaceList(List<Stats> namespaces) implements Reply {
    public NamespaceList {
      namespaces = List.copyOf(namespaces);
    }
  }

  /** The answer to History, Ancestors, Descendants, CommonAncestor and Export. */
  record VersionList(List<Envelope> versions, String next) implements Reply {
    public VersionList {
      versions = List.copyOf(versions);
    }
  }

  /** The answer to Show. */
  record Shown(Envelope version, boolean head) implements Reply {}

  /**
   * The answer to Diff.
   *
   * @param source the version of the old side, or null when the key did not exist there
   */
  record Difference(@Nullable Envelope source, @Nullable Envelope target, List<Change> changes)
      implements Reply {
    public Difference {
      changes = List.copyOf(changes);
    }

    /**
     * One difference.
     *
     * @param path as RFC 6901 writes it
     * @param old canonical JSON, or null where there was nothing
     * @param now canonical JSON, or null where there is nothing any more
     */
    public record Change(String path, JsonDiff.Op op, @Nullable Bytes old, @Nullable Bytes now) {}
  }

  /**
   * The answer to Watch.
   *
   * @param versions in causal order; none when the time was up, or far more was passed over
   * @param token {@link WatchFrom.Token} goes on behind them, on any node
   * @param current whether that is all there was
   */
  record Changes(List<Envelope> versions, Bytes token, boolean current) implements Reply {
    public Changes {
      versions = List.copyOf(versions);
    }
  }

  /** The answer to Conflicts. */
  record ConflictList(List<Conflict> conflicts, String next) implements Reply {
    public ConflictList {
      conflicts = List.copyOf(conflicts);
    }

    /** One key with its heads, the winner first. */
    public record Conflict(Key key, List<Head> heads) {
      public Conflict {
        heads = List.copyOf(heads);
      }
    }
  }

  /**
   * The answer to Resolve.
   *
   * @param written what was written, or null for a dry run or when fields are left
   * @param document the resolved value, or null for a delete
   * @param unmerged paths that the heads changed differently, which only a person can merge
   * @param heads what was, or would be, resolved, in winner order
   */
  record Resolved(
      @Nullable Written written,
      @Nullable Bytes document,
      List<String> unmerged,
      List<Digest> heads)
      implements Reply {
    public Resolved {
      unmerged = List.copyOf(unmerged);
      heads = List.copyOf(heads);
    }
  }

  /** The answer to ImportVersions: how many were new, and how many were held already. */
  record Imported(int stored, int held, AckLevel level, int synced) implements Reply {}

  /**
   * The answer to Stats.
   *
   * @param namespace what was counted; empty for everything
   * @param keys live keys
   * @param keysEver keys with any version
   * @param merges versions with two or more parents
   * @param conflicts keys with two or more heads
   * @param deleted keys whose heads are all deletes
   * @param bytes of canonical documents, each version counted
   */
  record Stats(
      String namespace,
      long keys,
      long keysEver,
      long versions,
      long merges,
      long conflicts,
      long deleted,
      long bytes)
      implements Reply {}

  /**
   * The answer to ClusterStatus and Members: by name, then id.
   *
   * @param catchUp how far the answering node is with a snapshot
   * @param lender whose snapshot it is; empty when there is none
   * @param pulse how the answering node does among them
   */
  record MemberList(
      ClusterId cluster, List<Node> nodes, CatchUpProgress catchUp, String lender, Pulse pulse)
      implements Reply {
    public MemberList {
      nodes = List.copyOf(nodes);
    }

    /**
     * One member as this node knows it.
     *
     * @param lag versions that the answering node holds and this one, by what it last said, does
     *     not; empty when it has said nothing yet
     * @param self whether it is the node that answers
     */
    public record Node(Member member, OptionalLong lag, boolean self) {}
  }

  /** The answer to Reconcile and ReconcileLog: sessions that ended, newest first. */
  record SessionList(List<Ended> sessions) implements Reply {
    public SessionList {
      sessions = List.copyOf(sessions);
    }

    /**
     * One session.
     *
     * @param peer name of the other side, or its id while the name is unknown
     */
    public record Ended(String peer, Session session) {}
  }

  /**
   * The answer to Leave and to Drain: the node is gone.
   *
   * @param told how many members were told at once
   * @param shipped whether everything that it holds is known to lie elsewhere too
   */
  record Left(int told, boolean shipped) implements Reply {}

  /**
   * The answer to Remove, once it is durable here.
   *
   * @param node the member that has left now
   * @param told how many members heard of it at once
   */
  record Removed(NodeId node, int told) implements Reply {}

  /** The answer to every {@link Command.StoreErrand}. */
  record StoreDone(Errand.Report report) implements Reply {}

  /**
   * The answer to Health: as those to AdminStatus and ClusterStatus, but for the root of this node,
   * which is the one that it told last.
   */
  record Health(Status status, MemberList members) implements Reply {}

  /**
   * The answer to AdminStatus.
   *
   * @param readiness whether the node takes writes, as far as the cluster decides
   * @param readOnly why the store takes no writes; empty when it does
   * @param root Merkle root of the set of versions
   * @param storage counters of the store
   * @param recovery one sentence for each thing that recovery cut or set aside
   */
  record Status(
      NodeId node,
      ClusterId cluster,
      String name,
      Readiness readiness,
      String readOnly,
      Digest root,
      CoreStats stats,
      StorageStats storage,
      List<String> recovery)
      implements Reply {
    public Status {
      recovery = List.copyOf(recovery);
    }
  }
}
