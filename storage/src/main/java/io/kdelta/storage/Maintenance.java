package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What people ask of a store beside its own work, and the scrubbing: decides which piece of it the
 * table thread does next, and takes the results in.
 *
 * <p>One errand at a time. A copy begins once everything applied before it was asked for lies in
 * tables; it takes the manifest as it is at that moment, and pins the view that belongs to it, so
 * that no file in it goes before the copy has ended. Owner: the core thread; what {@link
 * TableWork.Chore} carries runs on the table thread while nothing else of this class is used.
 */
final class Maintenance {
  private static final String SNAPSHOTS = "snapshots";
  private static final int NAME_LENGTH_MAX = 64;

  private final Vfs vfs;
  private final Manifest manifest;
  private final Views views;
  private final Entropy entropy;
  private final Scrub scrub = new Scrub();
  private @Nullable Job job;
  private @Nullable Runnable takeBack;
  private Optional<KdeltaException.Corrupt> manifestWrong = Optional.empty();

  Maintenance(Vfs vfs, Manifest manifest, Views views, Entropy entropy) {
    this.vfs = vfs;
    this.manifest = manifest;
    this.views = views;
    this.entropy = entropy;
  }

  /** Where a copy goes and what stands in its marker. */
  record Destination(Vfs target, Bytes label, String owner) {}

  /** The errand that is under way. */
  private static final class Job {
    private final Errand errand;
    private final @Nullable Destination destination;

    /** Rows up to it must be in tables first; -1 until the memtable that held them is frozen. */
    private long frozenLsn = -1;

    private boolean merging;
    private int pieceBytes;
    private FileList.Check check = FileList.Check.LATER;
    private @Nullable StoreCopy copy;
    private @Nullable Lending lending;
    private @Nullable ReadView held;
    private Optional<KdeltaException> failure = Optional.empty();
    private boolean ended;
    private List<String> names = List.of();

    Job(Errand errand, @Nullable Destination destination) {
      this.errand = errand;
      this.destination = destination;
    }

    boolean needsTables() {
      return switch (errand.kind()) {
        case BACKUP, SNAPSHOT, COMPACT, LEND -> true;
        case LIST_SNAPSHOTS, DROP_SNAPSHOT -> false;
      };
    }
  }

  /** The errand that lends the files of this store. */
  Errand lend(int pieceBytes, FileList.Check check) {
    Errand errand = start(Errand.Kind.LEND, "", null);
    if (job != null) {
      job.pieceBytes = pieceBytes;
      job.check = check;
    }
    return errand;
  }

  /** Where the snapshot of that name lies; Invalid for what is no name. */
  static Vfs snapshot(Vfs vfs, String name) {
    requireName(name);
    return vfs.below(SNAPSHOTS + "/" + name);
  }

  /** Takes an errand on; Overloaded while there is another one. */
  Errand start(Errand.Kind kind, String name, @Nullable Destination destination) {
    if (job != null) {
      String other = job.errand.kind().name().toLowerCase(Locale.ROOT);
      throw new KdeltaException.Overloaded("another errand is under way: " + other);
    }
    if (kind == Errand.Kind.DROP_SNAPSHOT) requireName(name);
    job = new Job(new Errand(kind, name), destination);
    return job.errand;
  }

  /** Whether the active memtable is to be frozen although it is not full. */
  boolean wantsFreeze() {
    Job due = job;
    return due != null && due.needsTables() && due.frozenLsn < 0;
  }

  /** Everything up to this LSN is in frozen memtables or in tables. */
  void frozen(long lastLsn) {
    if (job != null) job.frozenLsn = lastLsn;
  }

  /** The scrub may read so many bytes more. */
  void allowScrub(long bytes) {
    scrub.allow(bytes);
  }

  Scrub scrub() {
    return scrub;
  }

  /** The next piece that is due, if there is one. */
  @Nullable TableWork next() {
    Job due = job;
    if (due != null && due.errand.kind() != Errand.Kind.COMPACT && settled(due)) {
      takeBack = () -> ended(due);
      boolean lends = due.errand.kind() == Errand.Kind.LEND && due.lending == null;
      boolean copies = due.destination != null && due.copy == null;
      if ((lends || copies) && !prepare(due)) {
        takeBack = null;
        return null;
      }
      return new TableWork.Chore(vfs, () -> piece(due));
    }
    if (scrub.wantsManifest()) {
      takeBack = () -> scrub.manifestRead(manifestWrong);
      return new TableWork.Chore(vfs, () -> manifestWrong = manifest.scrub());
    }
    Scrub.Piece piece = scrub.next(vfs, views.current().runs(), manifest.state());
    if (piece == null) return null;
    takeBack = () -> scrub.done(piece);
    return new TableWork.Chore(vfs, piece::read);
  }

  /** Takes a piece back. */
  void done() {
    Runnable taken = takeBack;
    if (taken == null) throw new AssertionError("no chore was out");
    takeBack = null;
    taken.run();
  }

  /** Whether the merge that begins now is to take all runs in. */
  boolean mergesAll(List<Run> runs) {
    Job due = job;
    if (due == null || due.errand.kind() != Errand.Kind.COMPACT) return false;
    if (due.merging || !settled(due)) return false;
    due.merging = runs.size() > 1 || (runs.size() == 1 && runs.getFirst().tombstones() > 0);
    if (!due.merging) end(due, Errand.Report.NONE);
    return due.merging;
  }

  /** A merge has come to its end. */
  void mergeEnded() {
    Job due = job;
    if (due != null && due.merging) end(due, Errand.Report.NONE);
  }

  /** The disk refuses the store's own work: what waits for that is given up. */
  void troubled(KdeltaException failure) {
    Job due = job;
    if (due != null && due.needsTables() && due.held == null) fail(due, failure);
  }

  /** The store is closed: what is half done stays so, and does not count. */
  void close() {
    if (job != null && job.copy != null) job.copy.close();
    job = null;
  }

  private boolean settled(Job due) {
    if (!due.needsTables()) return true;
    if (due.frozenLsn < 0) return false;
    for (Memtable memtable : views.current().memtables()) {
      if (memtable.lastLsn() != 0 && memtable.lastLsn() <= due.frozenLsn) return false;
    }
    return true;
  }

  /** Fixes what the copy holds; false if it can not be made. */
  private boolean prepare(Job due) {
    ManifestState state = manifest.state();
    for (ManifestEdit.TableAdded table : state.tables().values()) {
      if (!TableFacts.of(table).damaged()) continue;
      fail(
          due,
          new KdeltaException.Corrupt(
              FileNames.table(table.number()), 0, "is set aside; a copy would lack what it held"));
      return false;
    }
    due.held = views.current();
    views.pinFiles(due.held);
    Destination destination = due.destination;
    if (destination == null) {
      due.lending = new Lending(vfs, state, due.pieceBytes, due.check);
      return true;
    }
    StoreCopy.Plan plan =
        new StoreCopy.Plan(
            state,
            Optional.of(new BackupMarker(destination.label())),
            destination.owner(),
            due.errand.kind() == Errand.Kind.SNAPSHOT
                ? StoreCopy.How.LINK
                : StoreCopy.How.LINK_OR_COPY,
            Bytes.EMPTY,
            entropy.nextLong(),
            entropy.nextLong());
    due.copy = new StoreCopy(vfs, destination.target(), plan, manifest::nextFileNumber);
    return true;
  }

  /** Table thread. */
  private void piece(Job due) {
    try {
      due.ended =
          switch (due.errand.kind()) {
            case BACKUP -> copy(due);
            case SNAPSHOT -> snapshot(due);
            case LIST_SNAPSHOTS -> list(due);
            case DROP_SNAPSHOT -> drop(due.errand.name());
            case LEND -> listOn(due);
            case COMPACT -> throw new AssertionError("merges are no chore");
          };
    } catch (KdeltaException e) {
      due.failure = Optional.of(e);
    }
    StoreCopy copy = due.copy;
    if (copy != null && (due.ended || due.failure.isPresent())) copy.close();
  }

  private static boolean copy(Job due) {
    StoreCopy copy = due.copy;
    if (copy == null) throw new AssertionError("nothing was prepared");
    return copy.piece();
  }

  private static boolean listOn(Job due) {
    Lending lending = due.lending;
    if (lending == null) throw new AssertionError("nothing was prepared");
    return lending.listOn();
  }

  private boolean snapshot(Job due) {
    String directory = SNAPSHOTS + "/" + due.errand.name();
    if (due.names.isEmpty()) {
      if (vfs.exists(directory + "/" + FileNames.CURRENT)) {
        throw new KdeltaException.Invalid("snapshot", due.errand.name() + " is there already");
      }
      vfs.createDirectories(directory);
      vfs.syncDirectory(SNAPSHOTS);
      vfs.syncDirectory("");
      due.names = List.of(directory);
    }
    return copy(due);
  }

  private boolean list(Job due) {
    List<String> whole = new ArrayList<>();
    if (vfs.exists(SNAPSHOTS)) {
      for (String name : vfs.list(SNAPSHOTS)) {
        if (vfs.exists(SNAPSHOTS + "/" + name + "/" + FileNames.CURRENT)) whole.add(name);
      }
    }
    due.names = whole;
    return true;
  }

  /** CURRENT goes first: what is left of it then is no store any more, whatever happens. */
  private boolean drop(String name) {
    String directory = SNAPSHOTS + "/" + name;
    if (!vfs.exists(directory)) throw new KdeltaException.NotFound("snapshot " + name);
    String current = directory + "/" + FileNames.CURRENT;
    if (vfs.exists(current)) {
      vfs.delete(current);
      vfs.syncDirectory(directory);
    }
    for (String file : new TreeSet<>(vfs.list(directory))) vfs.delete(directory + "/" + file);
    vfs.delete(directory);
    vfs.syncDirectory(SNAPSHOTS);
    return true;
  }

  private void ended(Job due) {
    if (due.failure.isPresent()) {
      fail(due, due.failure.get());
    } else if (due.ended) {
      StoreCopy copy = due.copy;
      Errand.Report done = copy == null ? Errand.Report.NONE : copy.report();
      end(
          due,
          new Errand.Report(
              done.lsn(),
              done.files(),
              done.filesNew(),
              done.bytes(),
              done.bytesCopied(),
              due.names));
    }
  }

  private void end(Job due, Errand.Report report) {
    Lending lending = due.lending;
    ReadView held = due.held;
    if (lending != null && held != null) {
      lending.pinned(() -> views.unpinFiles(held));
      due.errand.lend(lending);
      due.held = null;
    }
    release(due);
    due.errand.end(report);
  }

  private void fail(Job due, KdeltaException failure) {
    release(due);
    due.errand.fail(failure);
  }

  private void release(Job due) {
    if (due.held != null) views.unpinFiles(due.held);
    due.held = null;
    job = null;
  }

  private static void requireName(String name) {
    boolean plain = !name.isEmpty() && name.length() <= NAME_LENGTH_MAX && name.charAt(0) != '.';
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      plain &= letter || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    }
    if (!plain) {
      throw new KdeltaException.Invalid(
          "snapshot", "a name is 1 to " + NAME_LENGTH_MAX + " of A-Z a-z 0-9 . _ -");
    }
  }
}
