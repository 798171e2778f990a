package io.kdelta.storage;

/**
 * A piece of work that blocks on the disk or takes long, made by the core and run elsewhere.
 *
 * <p>{@link #run} is called exactly once, on any thread but never two pieces of one kind at a time,
 * and never throws: a failure stays inside and is dealt with by {@link StorageEngine#workDone}, on
 * the core again. Handing over and back must order memory (a queue does).
 */
public interface StorageWork {
  /** Which thread it is for. */
  enum Kind {
    /** Writes and syncs the log: short, a commit waits for it. */
    LOG,
    /** Builds, merges, opens and removes tables, prepares log segments: long, nobody waits. */
    TABLE,
    /**
     * What others do with files that are not of this store: long, it waits for none of the above.
     * Some pieces are out at a time; each begins when the one before has ended.
     */
    CHORE
  }

  /** Which thread it is for. */
  Kind kind();

  /** Does it. */
  void run();
}
