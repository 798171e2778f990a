package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.causal.Reception;
import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.FileList;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Takes the versions of a peer in from its files: asks for them, gathers them piece by piece, reads
 * them, and does away with them.
 *
 * <p>Owned by {@link Ladder}, on the core thread; pure. From the moment all files are there it
 * needs no peer, and a later process goes on from what {@link SnapshotOrder#ROW} says. Invariants:
 * a piece counts once it was held against the list; what was read counts as read once it is in the
 * log before the row that says so; of the peer only versions are taken, by the way all versions of
 * peers take.
 */
final class CatchUp {
  private static final long MILLI = 1_000_000L;

  /** How long a peer may take to list its files: it reads all of them. */
  private static final long LIST_PATIENCE = 60_000 * MILLI;

  private static final long PIECE_PATIENCE = 5_000 * MILLI;

  /** After the own disk or store has failed. */
  private static final long REST = 2_000 * MILLI;

  /** Pieces that were asked for and are not kept yet: others come while some are synced. */
  private static final int AHEAD = 48;

  /** What one turn takes in: some milliseconds, in which no read is answered. */
  private static final int BATCH_BYTES = 384 << 10;

  private static final int BATCHES_AHEAD = 4;

  /** What a piece of a load reads: no turn takes it in. */
  private static final int LOAD_BYTES = 1 << 20;

  private static final int LOADS_AHEAD = 12;

  /** After so many that failed the files are read by versions, which goes on where it ended. */
  private static final int LOADS_MAX = 3;

  /** So many are read at a time: one is, while the core takes in the one before. */
  private static final int READS_AHEAD = 2;

  /** What it is at. */
  enum Phase {
    IDLE,
    RECALLING,
    ASKING,
    BEGINNING,
    FETCHING,
    COMPLETING,
    LOADING,
    INSTALLING,
    OPENING,
    READING,
    RESTING
  }

  /** What came of it. */
  enum Verdict {
    /** Everything was taken in. */
    DONE,
    /** The link was lost; what came is kept. */
    CUT,
    /** The peer can not lend now. */
    BUSY,
    /** The peer is not to be asked again soon. */
    FAILED
  }

  /** Told when it is over. */
  interface Listener {
    /**
     * It is over, well or not.
     *
     * @param session what it did, for people
     */
    void caughtUp(Session session, Verdict verdict, long now);
  }

  /** A batch on its way into the store. */
  private record Batch(long tag, Bytes finished) {}

  /** What the row says: whose files, which, and after what a reading may go on. */
  private record Row(NodeId lender, Bytes digest, Bytes finished) {
    static final Row NONE = new Row(NodeId.NONE, Bytes.EMPTY, Bytes.EMPTY);
  }

  /** A piece that was asked for. */
  private record Wanted(int file, int piece) {}

  private final Replica replica;
  private final Sessions.Host host;
  private final Entropy entropy;
  private final Listener listener;
  private final ArrayDeque<Wanted> wanted = new ArrayDeque<>();
  private final TreeMap<Long, Integer> keeping = new TreeMap<>();
  private final ArrayDeque<Long> reading = new ArrayDeque<>();
  private final ArrayDeque<Batch> storing = new ArrayDeque<>();
  private Phase phase = Phase.IDLE;
  private NodeId peer = NodeId.NONE;
  private long number;
  private @Nullable FileList list;
  private Bytes listDigest = Bytes.EMPTY;
  private Bytes after = Bytes.EMPTY;
  private int[] held = new int[0];
  private int nextFile;
  private int nextPiece;
  private long working;
  private boolean ended;
  private boolean leftover;

  /** The files can not be loaded as a whole: their versions are read and stored one by one. */
  private boolean piecemeal;

  private int loadsFailed;

  /** Whose files lie here, if that is known. */
  private NodeId lender = NodeId.NONE;

  private long heardAt;
  private long restUntil;
  private long startedAt;
  private long latest;
  private long bytesHeld;
  private long bytesFetched;
  private long filesFetched;
  private long bytesSent;
  private long bytesReceived;
  private long versions;
  private Traffic.Snapshots totals = Traffic.Snapshots.NONE;

  CatchUp(Replica replica, Sessions.Host host, Entropy entropy, Listener listener) {
    this.replica = replica;
    this.host = host;
    this.entropy = entropy;
    this.listener = listener;
  }

  /** Looks for what an earlier process left. */
  void recall(long now) {
    if (replica.recall(SnapshotOrder.ROW).filter(row -> !row.isEmpty()).isEmpty()) return;
    lender = row().lender();
    begin(NodeId.NONE, now);
    phase = Phase.RECALLING;
    work(new SnapshotOrder.Recall());
  }

  /** Whose files are here in part; NONE for nobody's. Nobody else has the rest of them. */
  NodeId lender() {
    return leftover ? lender : NodeId.NONE;
  }

  boolean isActive() {
    return phase != Phase.IDLE;
  }

  Traffic.Snapshots totals() {
    return isActive() ? totals.and(running(false)) : totals;
  }

  /** What this one has brought so far. */
  private Traffic.Snapshots running(boolean whole) {
    return new Traffic.Snapshots(
        whole ? 1 : 0, filesFetched, bytesFetched, versions, latest - startedAt);
  }

  CatchUpProgress progress() {
    FileList of = list;
    if (phase == Phase.IDLE) return CatchUpProgress.NONE;
    long millis = (latest - startedAt) / MILLI;
    if (of == null) return told(0, 0, 0, 0, millis);
    int whole = 0;
    for (int i = 0; i < held.length; i++) {
      if (held[i] == of.pieces(i)) whole++;
    }
    return told(bytesHeld, of.bytes(), whole, of.files().size(), millis);
  }

  private CatchUpProgress told(
      long bytes, long bytesTotal, int files, int filesTotal, long millis) {
    return new CatchUpProgress(
        "snapshot", label(), peer, bytes, bytesTotal, files, filesTotal, versions, 0, millis);
  }

  /** Asks that peer for its files. */
  void start(NodeId node, long now) {
    begin(node, now);
    phase = Phase.ASKING;
    number = entropy.nextLong();
    send(new PeerMessage.SnapshotAsk(number, FileList.Check.LATER), now);
  }

  /** What an earlier attempt gathered is of no use any more. */
  void forget() {
    if (isActive() || !leftover) return;
    drop();
  }

  /** Takes a message for the receiver in. */
  void message(NodeId node, PeerMessage.Snapshot message, Weight weight, long now) {
    boolean expected = phase == Phase.ASKING || phase == Phase.BEGINNING || phase == Phase.FETCHING;
    if (!expected || !node.equals(peer) || message.session() != number) return;
    latest = now;
    heardAt = now;
    bytesReceived += weight.wire();
    switch (message) {
      case PeerMessage.SnapshotList told when phase == Phase.ASKING && told.list().isTooLong() ->
          fail("the peer lists too much", true, now);
      case PeerMessage.SnapshotList told when phase == Phase.ASKING -> {
        list = told.list();
        listDigest = told.list().digest();
        held = new int[told.list().files().size()];
        lender = peer;
        remember(Bytes.EMPTY);
        phase = Phase.BEGINNING;
        work(new SnapshotOrder.Begin(told.list(), peer));
      }
      case PeerMessage.SnapshotPiece piece when phase == Phase.FETCHING -> kept(piece, now);
      case PeerMessage.SnapshotEnd end ->
          fail(
              "the peer ended it: " + end.reason(),
              false,
              end.busy() ? Verdict.BUSY : Verdict.FAILED,
              now);
      default -> fail("the peer says what nobody asked for", true, now);
    }
  }

  /** A link is gone. */
  void down(NodeId node, long now) {
    boolean needed = phase == Phase.ASKING || phase == Phase.BEGINNING || phase == Phase.FETCHING;
    if (needed && node.equals(peer)) fail("the link was lost", false, Verdict.CUT, now);
  }

  /** Whether the tag is that of an order given here. */
  boolean done(long tag, SnapshotOutcome outcome, long now) {
    Integer piece = keeping.remove(tag);
    boolean read = reading.remove(tag);
    if (piece == null && tag != working && !read) return false;
    if (tag == working) working = 0;
    latest = now;
    if (outcome instanceof SnapshotOutcome.Failed(String reason, boolean rotten)) {
      fail(reason, rotten, now);
      return true;
    }
    if (piece != null) {
      bytesHeld += piece;
      bytesFetched += piece;
      fetch(now);
      return true;
    }
    switch (outcome) {
      case SnapshotOutcome.Recalled(Optional<FileList> found) -> recalled(found, now);
      case SnapshotOutcome.Begun(List<Integer> pieces) -> begun(pieces, now);
      case SnapshotOutcome.Versions versions -> read(versions, now);
      case SnapshotOutcome.Loading loading when phase == Phase.LOADING -> {
        versions = Math.max(versions, loading.versions());
        ended |= loading.end();
        loadOn();
      }
      case SnapshotOutcome.Unfit(String why) when isLoading() -> {
        if (!piecemeal) host.effect(new Effect.Notice("a snapshot is read by versions: " + why));
        piecemeal = true;
        versions = 0;
        loadOn();
      }
      case SnapshotOutcome.Installed installed -> {
        versions = installed.versions();
        host.effect(
            new Effect.Notice("a snapshot is loaded as a whole: " + versions + " versions"));
        drop();
        over("taken in", Verdict.DONE, now);
      }
      case SnapshotOutcome.Done _ when phase == Phase.COMPLETING -> open();
      case SnapshotOutcome.Done _ when phase == Phase.OPENING -> {
        phase = Phase.READING;
        readOn(now);
      }
      default -> throw new AssertionError("no answer to what was asked for: " + outcome);
    }
    return true;
  }

  /** Answer to Store; whether it was one of these. */
  boolean stored(Event.Stored stored, long now) {
    Batch batch = storing.peek();
    if (batch == null || batch.tag() != stored.tag()) return false;
    storing.remove();
    for (Reception reception : stored.receptions()) {
      if (reception instanceof Reception.Refused(var id, String why, boolean forGood)) {
        host.effect(new Effect.Notice("refused version " + id + " of a snapshot: " + why));
        if (!forGood) {
          fail("a document is not the one that its version names", true, now);
          return true;
        }
      }
      if (reception instanceof Reception.Visible) versions++;
    }
    if (!batch.finished().equals(after)) remember(batch.finished());
    readOn(now);
    return true;
  }

  /** The store took nothing; whether it was one of these. */
  boolean notStored(Event.NotStored refusal, long now) {
    for (Batch batch : storing) {
      if (batch.tag() != refusal.tag()) continue;
      fail(refusal.reason(), false, now);
      return true;
    }
    return false;
  }

  void forgive(long nanos) {
    heardAt += nanos;
  }

  void tick(long now) {
    if (now < deadline()) return;
    if (phase == Phase.RESTING) {
      open();
    } else {
      fail("the peer is silent", false, now);
    }
  }

  long deadline() {
    return switch (phase) {
      case ASKING -> heardAt + LIST_PATIENCE;
      case FETCHING -> wanted.isEmpty() ? Long.MAX_VALUE : heardAt + PIECE_PATIENCE;
      case RESTING -> restUntil;
      default -> Long.MAX_VALUE;
    };
  }

  private void begin(NodeId node, long now) {
    if (isActive()) throw new AssertionError("it is at something else");
    peer = node;
    list = null;
    after = Bytes.EMPTY;
    held = new int[0];
    nextFile = 0;
    nextPiece = 0;
    ended = false;
    piecemeal = false;
    loadsFailed = 0;
    heardAt = now;
    startedAt = now;
    latest = now;
    bytesHeld = 0;
    bytesFetched = 0;
    filesFetched = 0;
    bytesSent = 0;
    bytesReceived = 0;
    versions = 0;
  }

  private void recalled(Optional<FileList> found, long now) {
    leftover = true;
    if (found.isEmpty()) {
      totals = totals();
      phase = Phase.IDLE;
      return;
    }
    FileList whole = found.get();
    list = whole;
    listDigest = whole.digest();
    held = new int[whole.files().size()];
    for (int i = 0; i < held.length; i++) held[i] = whole.pieces(i);
    bytesHeld = whole.bytes();
    after = finishedBefore();
    heardAt = now;
    open();
  }

  /** Where the reading of these files stood, by the row of an earlier process. */
  private Bytes finishedBefore() {
    Row row = row();
    return row.digest().equals(listDigest) ? row.finished() : Bytes.EMPTY;
  }

  /** What an earlier process wrote down, see {@link SnapshotOrder#ROW}. */
  private Row row() {
    Bytes row = replica.recall(SnapshotOrder.ROW).orElse(Bytes.EMPTY);
    try {
      ByteReader in = new ByteReader(row, "catch-up");
      int format = in.readByte();
      if (format != 1 && format != 2) return Row.NONE;
      NodeId of = format == 1 ? NodeId.NONE : NodeId.read(in);
      return new Row(of, in.read(32), in.read(in.remaining()));
    } catch (KdeltaException.Invalid e) {
      return Row.NONE;
    }
  }

  private void begun(List<Integer> pieces, long now) {
    FileList of = gathered();
    for (int i = 0; i < held.length; i++) {
      held[i] = pieces.get(i);
      for (int piece = 0; piece < held[i]; piece++) bytesHeld += of.size(i, piece);
    }
    phase = Phase.FETCHING;
    heardAt = now;
    leftover = true;
    nextPiece = held.length == 0 ? 0 : held[0];
    fetch(now);
  }

  /** Asks for what is missing, some pieces ahead; completes when all is kept. */
  private void fetch(long now) {
    if (phase != Phase.FETCHING) return;
    FileList of = gathered();
    while (wanted.size() + keeping.size() < AHEAD && nextFile < held.length) {
      if (nextPiece == of.pieces(nextFile)) {
        nextFile++;
        nextPiece = nextFile < held.length ? held[nextFile] : 0;
        continue;
      }
      if (wanted.isEmpty()) heardAt = now;
      wanted.add(new Wanted(nextFile, nextPiece));
      send(new PeerMessage.SnapshotGet(number, nextFile, nextPiece++), now);
      if (phase != Phase.FETCHING) return;
    }
    if (!wanted.isEmpty() || !keeping.isEmpty()) return;
    send(new PeerMessage.SnapshotEnd(number, false, "all files are here"), now);
    phase = Phase.COMPLETING;
    work(new SnapshotOrder.Complete());
  }

  private void kept(PeerMessage.SnapshotPiece piece, long now) {
    Wanted next = wanted.poll();
    if (next == null || next.file() != piece.file() || next.piece() != piece.piece()) {
      fail("the peer sends what nobody asked for", true, now);
      return;
    }
    if (++held[next.file()] == gathered().pieces(next.file())) filesFetched++;
    long tag = host.tag();
    keeping.put(tag, piece.bytes().size());
    host.effect(
        new Effect.Snapshot(
            tag, new SnapshotOrder.Keep(piece.file(), piece.piece(), piece.bytes(), piece.seal())));
  }

  private boolean isLoading() {
    return phase == Phase.LOADING || phase == Phase.INSTALLING;
  }

  /** Loads ahead of what is being written; installs what was loaded to its end. */
  private void loadOn() {
    while (!ended && !piecemeal && reading.size() < LOADS_AHEAD) {
      reading.add(host.tag());
      host.effect(
          new Effect.Snapshot(reading.getLast(), new SnapshotOrder.Load(gathered(), LOAD_BYTES)));
    }
    if (!reading.isEmpty()) return;
    if (piecemeal) {
      open();
      return;
    }
    phase = Phase.INSTALLING;
    work(new SnapshotOrder.Install());
  }

  /** Into a store that holds nothing the files are loaded as a whole. */
  private void open() {
    ended = false;
    if (!piecemeal && after.isEmpty() && replica.counts().versions() == 0) {
      phase = Phase.LOADING;
      loadOn();
      return;
    }
    phase = Phase.OPENING;
    work(new SnapshotOrder.Open(gathered(), after));
  }

  private void read(SnapshotOutcome.Versions read, long now) {
    ended |= read.end();
    if (!read.envelopes().isEmpty()) {
      long tag = host.tag();
      storing.add(new Batch(tag, read.finished()));
      host.effect(
          read.packed().isPresent()
              ? new Effect.TakeIn(tag, read.packed().get())
              : new Effect.Store(tag, read.envelopes(), false));
    }
    readOn(now);
  }

  /** Reads ahead of what is being stored; ends when all is stored. */
  private void readOn(long now) {
    if (phase != Phase.READING) return;
    while (!ended
        && reading.size() < READS_AHEAD
        && reading.size() + storing.size() < BATCHES_AHEAD) {
      reading.add(host.tag());
      host.effect(new Effect.Snapshot(reading.getLast(), new SnapshotOrder.Read(BATCH_BYTES)));
    }
    if (!ended || !reading.isEmpty() || !storing.isEmpty()) return;
    drop();
    over("taken in", Verdict.DONE, now);
  }

  /** Gives up: for now, or these files for good. */
  private void fail(String reason, boolean rotten, long now) {
    fail(reason, rotten, Verdict.FAILED, now);
  }

  private void fail(String reason, boolean rotten, Verdict verdict, long now) {
    boolean here = phase.compareTo(Phase.COMPLETING) >= 0;
    if (isLoading() && !rotten && ++loadsFailed == LOADS_MAX) piecemeal = true;
    wanted.clear();
    keeping.clear();
    reading.clear();
    storing.clear();
    working = 0;
    if (here && !rotten && phase != Phase.COMPLETING) {
      // The own disk or store: the files are as good as before.
      phase = Phase.RESTING;
      restUntil = now + REST;
      return;
    }
    if (!here && !peer.equals(NodeId.NONE)) {
      send(new PeerMessage.SnapshotEnd(number, false, reason), now);
    }
    if (rotten) drop();
    over(reason, verdict, now);
  }

  private void over(String outcome, Verdict verdict, long now) {
    phase = Phase.IDLE;
    latest = now;
    totals = totals.and(running(verdict == Verdict.DONE));
    Session session =
        new Session(
            peer,
            List.of("snapshot"),
            1,
            0,
            versions,
            bytesSent,
            bytesReceived,
            bytesSent,
            0,
            (now - startedAt) / MILLI,
            outcome);
    listener.caughtUp(session, verdict, now);
  }

  private void drop() {
    leftover = false;
    lender = NodeId.NONE;
    host.effect(new Effect.Snapshot(host.tag(), new SnapshotOrder.Drop()));
    host.effect(new Effect.Remember(SnapshotOrder.ROW, Bytes.EMPTY));
  }

  private void remember(Bytes finished) {
    after = finished;
    ByteWriter row = new ByteWriter(96).writeByte(2);
    lender.write(row);
    row.write(listDigest).write(finished);
    host.effect(new Effect.Remember(SnapshotOrder.ROW, row.toBytes()));
  }

  private void work(SnapshotOrder order) {
    working = host.tag();
    host.effect(new Effect.Snapshot(working, order));
  }

  private void send(PeerMessage message, long now) {
    bytesSent += host.sendCounting(peer, message, now).map(Weight::wire).orElse(0);
  }

  private FileList gathered() {
    FileList of = list;
    if (of == null) throw new AssertionError("no list of files");
    return of;
  }

  private String label() {
    return phase.name().toLowerCase(Locale.ROOT);
  }
}
