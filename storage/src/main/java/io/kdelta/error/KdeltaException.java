package io.kdelta.error;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Every failure that a caller of kdelta may act on, with its facts as fields.
 *
 * <p>A class exists only if a caller would act on it differently. An {@link AssertionError} is a
 * bug of ours and never one of these; an expected outcome (not yet, full, gap) is a return value
 * and never one of these. Immutable; may cross threads. The edge maps each class to one gRPC status
 * in one exhaustive switch.
 */
public abstract sealed class KdeltaException extends RuntimeException {

  private KdeltaException(String message, @Nullable Throwable cause) {
    super(message);
    // Left open where there is none: a client says later what it heard the error from.
    if (cause != null) initCause(cause);
  }

  /** One sentence that tells the user what to do next, where there is something to do. */
  public Optional<String> hint() {
    return Optional.empty();
  }

  /** The key (or version, namespace, member) does not exist. Retrying does not help. */
  public static final class NotFound extends KdeltaException {
    private final String key;

    public NotFound(String key) {
      super("not found: " + key, null);
      this.key = key;
    }

    public String key() {
      return key;
    }
  }

  /** The request itself is wrong; nothing was stored. Retrying does not help. */
  public static final class Invalid extends KdeltaException {
    private final String field;
    private final String reason;

    /**
     * @param field what is wrong, as the user named it, with the place inside it if there is one
     * @param reason why, as a clause that follows the field
     */
    public Invalid(String field, String reason) {
      super(field + ": " + reason, null);
      this.field = field;
      this.reason = reason;
    }

    public String field() {
      return field;
    }

    public String reason() {
      return reason;
    }
  }

  /** A precondition did not hold; nothing was stored. Retry after reading again. */
  public static final class Conflict extends KdeltaException {
    private final String key;
    private final String expected;
    private final String actual;

    public Conflict(String key, String expected, String actual) {
      super("conflict on " + key + ": expected " + expected + ", found " + actual, null);
      this.key = key;
      this.expected = expected;
      this.actual = actual;
    }

    public String key() {
      return key;
    }

    public String expected() {
      return expected;
    }

    public String actual() {
      return actual;
    }

    @Override
    public Optional<String> hint() {
      return Optional.of("read the key again and repeat the write with the state it has now");
    }
  }

  /** Nobody knows who is asking. */
  public static final class Unauthenticated extends KdeltaException {
    private final String reason;

    public Unauthenticated(String reason) {
      super("not authenticated: " + reason, null);
      this.reason = reason;
    }

    public String reason() {
      return reason;
    }
  }

  /** The caller is known and may not do this. */
  public static final class Denied extends KdeltaException {
    private final String capability;

    public Denied(String capability) {
      super("denied: needs " + capability, null);
      this.capability = capability;
    }

    public String capability() {
      return capability;
    }
  }

  /** A limit of this node is reached; nothing was stored. Retry with backoff. */
  public static final class Overloaded extends KdeltaException {
    private final String limit;

    /**
     * @param limit which limit, in words
     */
    public Overloaded(String limit) {
      super("overloaded: " + limit, null);
      this.limit = limit;
    }

    public String limit() {
      return limit;
    }

    @Override
    public Optional<String> hint() {
      return Optional.of("nothing was stored; try again in a moment, or on another node");
    }
  }

  /** This node does not take writes now; nothing was stored. Retry on another node. */
  public static final class ReadOnly extends KdeltaException {
    private final String reason;

    public ReadOnly(String reason) {
      super("read-only: " + reason, null);
      this.reason = reason;
    }

    public String reason() {
      return reason;
    }

    @Override
    public Optional<String> hint() {
      return Optional.of("reads still work here; write to another node");
    }
  }

  /** The peer belongs to another cluster and is refused. */
  public static final class WrongCluster extends KdeltaException {
    private final String id;

    /**
     * @param id the cluster the other side belongs to
     */
    public WrongCluster(String id) {
      super("wrong cluster: the other side belongs to " + id, null);
      this.id = id;
    }

    public String id() {
      return id;
    }
  }

  /** The key had no value at that time. */
  public static final class NoValueAt extends KdeltaException {
    private final String key;
    private final String time;
    private final @Nullable String oldest;

    /**
     * @param oldest the time of the oldest version of the key, or null if it has none
     */
    public NoValueAt(String key, String time, @Nullable String oldest) {
      super(
          key
              + " has no value at "
              + time
              + (oldest == null ? "" : "; its oldest version is of " + oldest),
          null);
      this.key = key;
      this.time = time;
      this.oldest = oldest;
    }

    public String key() {
      return key;
    }

    public String time() {
      return time;
    }

    public Optional<String> oldest() {
      return Optional.ofNullable(oldest);
    }
  }

  /**
   * This node has not yet seen what the caller's token names, or holds nothing at all where others
   * do. Retry, or ask another node.
   */
  public static final class Behind extends KdeltaException {
    private final String position;
    private final boolean empty;
    private final List<String> elsewhere;

    /**
     * Of a node that lacks something.
     *
     * @param position what is missing here, printed
     */
    public Behind(String position) {
      this(position, false, List.of());
    }

    /**
     * Of a node that holds nothing at all.
     *
     * @param position what is missing here, printed
     * @param elsewhere addresses of a node that has it; none when this node knows of none
     */
    public Behind(String position, List<String> elsewhere) {
      this(position, true, elsewhere);
    }

    private Behind(String position, boolean empty, List<String> elsewhere) {
      super("behind: this node has not seen " + position + " yet", null);
      this.position = position;
      this.empty = empty;
      this.elsewhere = List.copyOf(elsewhere);
    }

    public String position() {
      return position;
    }

    /** Whether the node holds nothing at all, so that no token is to blame. */
    public boolean empty() {
      return empty;
    }

    /** Where to ask instead, best first. */
    public List<String> elsewhere() {
      return elsewhere;
    }

    @Override
    public Optional<String> hint() {
      if (!empty) {
        return Optional.of(
            "try again, or ask the node that gave the token; without a token any node answers what"
                + " it has");
      }
      String other = elsewhere.isEmpty() ? "another node" : elsewhere.getFirst();
      return Optional.of("try again in a moment, or ask " + other);
    }
  }

  /**
   * The write is stored here, and its level was not confirmed in time: it may still reach it. Retry
   * with the same request id.
   */
  public static final class DurabilityUnmet extends KdeltaException {
    private final String level;
    private final String reached;

    /**
     * @param level what was asked: local, one, quorum or all
     * @param reached what was confirmed when the answer was given
     */
    public DurabilityUnmet(String level, String reached) {
      super("durability unmet: asked for " + level + ", confirmed " + reached, null);
      this.level = level;
      this.reached = reached;
    }

    public String level() {
      return level;
    }

    public String reached() {
      return reached;
    }
  }

  /** No peer that could answer can be reached. Retry. */
  public static final class Unreachable extends KdeltaException {
    private final List<String> peers;

    public Unreachable(List<String> peers) {
      super("unreachable: " + String.join(", ", peers), null);
      this.peers = List.copyOf(peers);
    }

    public List<String> peers() {
      return peers;
    }
  }

  /** Bytes on disk (or from a peer) are not what was written. They are never answered as data. */
  public static final class Corrupt extends KdeltaException {
    private final String file;
    private final long offset;
    private final String reason;

    /**
     * @param file path inside the data directory
     * @param offset bytes from the start of the file
     */
    public Corrupt(String file, long offset, String reason) {
      super("corrupt: " + file + " at byte " + offset + ": " + reason, null);
      this.file = file;
      this.offset = offset;
      this.reason = reason;
    }

    public String file() {
      return file;
    }

    public long offset() {
      return offset;
    }

    public String reason() {
      return reason;
    }
  }

  /** A call to the file system failed. A failed sync of the log stops the node. */
  public static final class DiskFault extends KdeltaException {
    private final String path;
    private final String operation;
    private final boolean full;

    /**
     * @param path inside the data directory
     * @param operation the name of the call, such as "sync"
     * @param full whether the reason is that the disk has no room
     */
    public DiskFault(String path, String operation, boolean full, @Nullable Throwable cause) {
      super(
          operation
              + " "
              + path
              + (full ? ": no space left" : "")
              + (cause == null || cause.getMessage() == null ? "" : ": " + cause.getMessage()),
          cause);
      this.path = path;
      this.operation = operation;
      this.full = full;
    }

    public String path() {
      return path;
    }

    public String operation() {
      return operation;
    }

    /** Whether the disk had no room: the one fault that heals when something is freed. */
    public boolean full() {
      return full;
    }

    @Override
    public Optional<String> hint() {
      return full
          ? Optional.of("free some space; the node takes writes again by itself")
          : Optional.empty();
    }
  }
}
