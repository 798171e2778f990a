package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.ManifestEdit.BlobAdded;
import io.kdelta.storage.ManifestEdit.BlobRemoved;
import io.kdelta.storage.ManifestEdit.Flushed;
import io.kdelta.storage.ManifestEdit.SegmentNamed;
import io.kdelta.storage.ManifestEdit.SegmentReleased;
import io.kdelta.storage.ManifestEdit.SetAside;
import io.kdelta.storage.ManifestEdit.TableAdded;
import io.kdelta.storage.ManifestEdit.TableRemoved;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/**
 * Goal: an edit counts whole or not at all, and once its append has returned it counts for ever.
 * Method: examples; a power loss and every fault at every call of a script, the state found
 * afterwards compared with those that may have been reached; flipped bytes.
 */
final class ManifestTest {
  private static final WalRecovery NO_LOG =
      new WalRecovery(1, 0, 0, 0, 0, Optional.empty(), List.of());

  @Test
  void editsAddUp() {
    SimVfs vfs = disk(1);
    Manifest manifest = open(vfs);
    assertEquals(ManifestState.EMPTY, manifest.state());
    TableAdded table = new TableAdded(9, 100, Bytes.of(1, 2));
    SegmentNamed segment = new SegmentNamed(1, 8, -5, 4_096);
    SetAside part = new SetAside(1, 128, 64, 3, 4);
    BlobAdded blob = new BlobAdded(10, 11, 5_000, 77);
    manifest.append(List.of(table, blob, segment, part));
    manifest.append(List.of(new Flushed(7)));
    vfs.crash();
    ManifestState found = new ManifestReader(vfs).read(vfs.list("")).orElseThrow().state();
    assertEquals(manifest.state(), found);
    assertEquals(7, found.flushedLsn());
    assertEquals(List.of(table), List.copyOf(found.tables().values()));
    assertEquals(List.of(blob), List.copyOf(found.blobs().values()));
    assertEquals(List.of(segment), List.copyOf(found.segments().values()));
    assertEquals(List.of(part), found.setAside());
    assertEquals(
        List.of(new ManifestEdit.Remembered(FileNames.log(8), 128, 64, 3, 4)), found.remembered());
    Manifest again = open(vfs);
    again.append(List.of(new TableRemoved(9), new BlobRemoved(10), new SegmentReleased(1)));
    ManifestEdit.Remembered released = found.remembered().getFirst();
    assertEquals(nothingBut(List.of(released)), again.state());
    again.rewrite(List.of());
    assertEquals(again.state(), open(vfs).state());
    again.append(List.of(new ManifestEdit.Forgotten()));
    assertEquals(nothingBut(List.of()), again.state());
    assertEquals(nothingBut(List.of()), open(vfs).state());
  }

  private static ManifestState nothingBut(List<ManifestEdit.Remembered> remembered) {
    return new ManifestState(
        7,
        new TreeMap<>(),
        new TreeMap<>(),
        new TreeMap<>(),
        List.of(),
        remembered,
        Optional.empty());
  }

  @Test
  void aStoreOfTheFormatBeforeIsRefusedAndSaysSo() {
    SimVfs vfs = disk(1);
    open(vfs).close();
    byte[] current = HexFormat.of().parseHex("6b64656c74612d43" + "0100000000000000".repeat(2));
    CRC32C crc = new CRC32C();
    crc.update(current);
    vfs.delete(FileNames.CURRENT);
    try (Vfs.File file = vfs.create(FileNames.CURRENT)) {
      file.append(ByteBuffer.wrap(current));
      file.append(
          ByteBuffer.allocate(4)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putInt((int) crc.getValue())
              .flip());
    }
    KdeltaException.Invalid refused = assertThrows(KdeltaException.Invalid.class, () -> open(vfs));
    assertTrue(String.valueOf(refused.getMessage()).contains("format 1"));
  }

  @Test
  void anEditThatFitsNothingIsABug() {
    Manifest manifest = open(disk(1));
    assertThrows(IllegalStateException.class, () -> manifest.append(List.of(new TableRemoved(1))));
    assertThrows(
        IllegalStateException.class, () -> manifest.append(List.of(new SegmentReleased(1))));
    assertThrows(IllegalStateException.class, () -> manifest.append(List.of(new BlobRemoved(1))));
    manifest.append(List.of(new Flushed(2)));
    assertThrows(IllegalStateException.class, () -> manifest.append(List.of(new Flushed(1))));
    assertEquals(2, manifest.state().flushedLsn());
  }

  @Test
  void numbersAreNeverGivenTwice() {
    SimVfs vfs = disk(2);
    Manifest manifest = open(vfs);
    TreeSet<Long> given = new TreeSet<>();
    for (int life = 0; life < 5; life++) {
      for (int i = 0; i < 3; i++) {
        long number = manifest.nextFileNumber();
        assertTrue(given.add(number), number + " again");
        make(vfs, FileNames.table(number), 10);
      }
      vfs.crash();
      manifest = open(vfs);
    }
  }

  @Test
  void theNumberOfAFileThatWasLostIsNotGivenAgain() {
    SimVfs vfs = disk(1);
    Manifest manifest = open(vfs);
    manifest.append(
        List.of(
            new TableAdded(80, 10, Bytes.EMPTY),
            new BlobAdded(90, 91, 10, 77),
            new SegmentNamed(1, 85, -5, 4_096)));
    manifest.close();
    assertEquals(92, open(vfs).nextFileNumber());
  }

  @Test
  void whatNobodyNamedGoesToLostAndIsDeletedOnceAllIsWell() {
    SimVfs vfs = disk(3);
    Manifest manifest = open(vfs);
    long named = manifest.nextFileNumber();
    long unnamed = manifest.nextFileNumber();
    make(vfs, FileNames.table(named), 10);
    make(vfs, FileNames.table(unnamed), 10);
    make(vfs, "node.properties", 10);
    manifest.append(List.of(new TableAdded(named, 10, Bytes.EMPTY)));
    Manifest again = open(vfs);
    assertEquals(List.of(FileNames.table(unnamed)), again.lost());
    assertTrue(vfs.exists(FileNames.table(named)) && vfs.exists("node.properties"));
    assertTrue(vfs.exists("lost/" + FileNames.table(unnamed)));
    assertEquals(List.of(), again.settle(NO_LOG));
    assertEquals(List.of(), vfs.list("lost"));
  }

  @Test
  void lostIsKeptWhileATableIsMissingOrTheLogStartsLate() {
    SimVfs vfs = disk(4);
    Manifest manifest = open(vfs);
    make(vfs, FileNames.table(71), 10);
    make(vfs, FileNames.table(72), 10);
    make(vfs, FileNames.table(73), 10);
    manifest.append(
        List.of(
            new TableAdded(71, 10, Bytes.EMPTY),
            new TableAdded(72, 11, Bytes.EMPTY),
            new Flushed(5)));
    vfs.erase(FileNames.table(71));
    List<Damage> wrong = open(vfs).settle(NO_LOG);
    assertEquals(
        List.of(FileNames.table(71), FileNames.table(72)),
        wrong.stream().map(Damage::file).toList());
    assertEquals(List.of(FileNames.table(73)), vfs.list("lost"));
    make(vfs, FileNames.table(71), 10);
    vfs.delete(FileNames.table(72));
    make(vfs, FileNames.table(72), 11);
    WalRecovery late = new WalRecovery(7, 7, 7, 1, 0, Optional.empty(), List.of());
    assertEquals(List.of(), open(vfs).settle(late));
    assertEquals(List.of(FileNames.table(73)), vfs.list("lost"));
    WalRecovery inTime = new WalRecovery(6, 7, 7, 2, 0, Optional.empty(), List.of());
    assertEquals(List.of(), open(vfs).settle(inTime));
    assertEquals(List.of(), vfs.list("lost"));
  }

  @Test
  void anEditThatWasCutAndHadCountedIsNamed() {
    SimVfs vfs = disk(5);
    Manifest manifest = open(vfs);
    make(vfs, FileNames.table(71), 10);
    manifest.append(List.of(new TableAdded(71, 10, Bytes.EMPTY)));
    make(vfs, FileNames.table(72), 10);
    manifest.append(List.of(new TableAdded(72, 10, Bytes.EMPTY), new TableRemoved(71)));
    vfs.delete(FileNames.table(71));
    String name = current(vfs);
    vfs.flip(name, size(vfs, name) - 20, 1);
    Manifest again = open(vfs);
    assertEquals(List.of(FileNames.table(72)), again.lost());
    again.rewrite(List.of());
    List<Damage> wrong = again.settle(NO_LOG);
    assertEquals(List.of(FileNames.table(71), name), wrong.stream().map(Damage::file).toList());
    assertEquals(List.of(FileNames.table(72)), vfs.list("lost"));
  }

  @Test
  void aBadEditWithALaterOneIsCorruption() {
    SimVfs vfs = disk(6);
    Manifest manifest = open(vfs);
    for (int i = 1; i <= 5; i++) manifest.append(List.of(new Flushed(i)));
    String name = current(vfs);
    vfs.flip(name, size(vfs, name) - 3 * 40 - 10, 1);
    var corrupt = assertThrows(KdeltaException.Corrupt.class, () -> open(vfs));
    assertEquals(name, corrupt.file());
  }

  @Test
  void aLostCurrentIsFoundAgain() {
    SimVfs vfs = disk(7);
    Manifest manifest = open(vfs);
    manifest.append(List.of(new Flushed(4)));
    vfs.flip(FileNames.CURRENT, 9, 1);
    assertEquals(4, open(vfs).state().flushedLsn());
    vfs.erase(FileNames.CURRENT);
    Manifest again = open(vfs);
    assertEquals(4, again.state().flushedLsn());
    again.rewrite(List.of(new Flushed(5)));
    assertEquals(5, open(vfs).state().flushedLsn());
  }

  @Test
  void aStoreWithoutAnyManifestIsRefusedAndNotBegunAgain() {
    SimVfs vfs = disk(8);
    Manifest manifest = open(vfs);
    make(vfs, FileNames.table(71), 10);
    manifest.append(List.of(new TableAdded(71, 10, Bytes.EMPTY)));
    String name = current(vfs);
    vfs.erase(name);
    assertThrows(KdeltaException.Corrupt.class, () -> open(vfs));
    vfs.erase(FileNames.CURRENT);
    assertThrows(KdeltaException.Corrupt.class, () -> open(vfs));
  }

  @Test
  void whatAnEndedRewriteLeftDoesNotHideTheManifestThatCounts() {
    for (int bytes : new int[] {0, 100, WalFormat.HEADER_BYTES, WalFormat.HEADER_BYTES + 20}) {
      for (int damaged : new int[] {9, 17, 24, -1}) {
        SimVfs vfs = disk(10);
        Manifest manifest = open(vfs);
        manifest.append(List.of(new SegmentNamed(1, 70, -5, 4_096), new Flushed(4)));
        segment(vfs, 70, 1, false, 0);
        segment(vfs, 90, 2, false, 0);
        remains(vfs, current(vfs), bytes);
        if (damaged < 0) vfs.erase(FileNames.CURRENT);
        else vfs.flip(FileNames.CURRENT, damaged, 2);
        String what = bytes + " bytes, CURRENT at " + damaged;
        Manifest again = open(vfs);
        assertEquals(4, again.state().flushedLsn(), what);
        assertEquals(1, again.state().segments().size(), what);
        assertTrue(again.lost().contains(FileNames.manifest(99)), what);
        again.rewrite(List.of(new Flushed(5)));
        assertEquals(5, open(vfs).state().flushedLsn(), what);
      }
    }
  }

  @Test
  void anOlderManifestDoesNotCountOnceTheLogWentOnWithoutIt() {
    for (boolean rolled : new boolean[] {true, false}) {
      SimVfs vfs = disk(11);
      Manifest manifest = open(vfs);
      manifest.append(List.of(new SegmentNamed(1, 70, -5, 4_096)));
      segment(vfs, 70, 1, false, 0);
      segment(vfs, 90, 2, rolled, rolled ? 0 : 1);
      remains(vfs, current(vfs), WalFormat.HEADER_BYTES);
      vfs.erase(FileNames.CURRENT);
      assertThrows(KdeltaException.Corrupt.class, () -> open(vfs), "rolled " + rolled);
    }
  }

  @Test
  void aManifestThatCurrentNamedIsNotPassedOver() {
    SimVfs vfs = disk(12);
    Manifest manifest = open(vfs);
    segment(vfs, 70, 1, false, 0);
    manifest.append(List.of(new SegmentNamed(1, 70, -5, 4_096)));
    String older = current(vfs);
    vfs.link(older, "kept");
    manifest.rewrite(List.of(new Flushed(1)));
    vfs.link("kept", older);
    vfs.flip(current(vfs), WalFormat.HEADER_BYTES + 3, 1);
    vfs.flip(FileNames.CURRENT, 25, 1);
    assertThrows(KdeltaException.Corrupt.class, () -> open(vfs));
    vfs.flip(current(vfs), 3, 1);
    assertThrows(KdeltaException.Corrupt.class, () -> open(vfs));
  }

  @Test
  void anythingThatOnlyAStoreLeavesIsNotTakenForAnEmptyDirectory() {
    SimVfs named = disk(13);
    open(named).close();
    named.erase(current(named));
    named.flip(FileNames.CURRENT, 25, 1);
    assertThrows(KdeltaException.Corrupt.class, () -> open(named), "what was CURRENT");

    SimVfs went = disk(14);
    Manifest manifest = open(went);
    manifest.append(List.of(new Flushed(1)));
    went.erase(FileNames.CURRENT);
    went.flip(current(went), WalFormat.HEADER_BYTES + 3, 1);
    assertThrows(KdeltaException.Corrupt.class, () -> open(went), "an edit after the first");

    SimVfs moved = disk(15);
    manifest = open(moved);
    make(moved, FileNames.table(71), 10);
    manifest.append(List.of(new TableAdded(72, 10, Bytes.EMPTY)));
    open(moved).close();
    moved.erase(current(moved));
    moved.erase(FileNames.CURRENT);
    assertThrows(KdeltaException.Corrupt.class, () -> open(moved), "a table in lost/");
    moved.erase("lost/" + FileNames.table(71));
    assertEquals(ManifestState.EMPTY, open(moved).state(), "nothing at all");
  }

  @Test
  void whatAFirstStartLeftThatCameToNothingIsNoStore() {
    for (int bytes : new int[] {0, 100, WalFormat.HEADER_BYTES, WalFormat.HEADER_BYTES + 20}) {
      SimVfs other = disk(16);
      open(other).close();
      SimVfs vfs = disk(17);
      byte[] image = new byte[bytes];
      try (Vfs.File file = other.open(current(other))) {
        file.readAt(0, ByteBuffer.wrap(image));
      }
      try (Vfs.File file = vfs.create(FileNames.manifest(1))) {
        file.append(ByteBuffer.wrap(image));
        file.sync();
      }
      make(vfs, "CURRENT.next", 10);
      assertEquals(ManifestState.EMPTY, open(vfs).state(), bytes + " bytes");
    }
  }

  /** A segment of the log; two records, the second of which knows of that durable mark. */
  private static void segment(SimVfs vfs, long file, long sequence, boolean rolled, long mark) {
    WalFormat format = new WalFormat();
    WalFormat.Link before =
        sequence == 1 ? WalFormat.Link.NONE : new WalFormat.Link(sequence - 1, 200, 0);
    byte[] image = new byte[4_096];
    format.encodeHeader(
        new WalFormat.Header(WalFormat.SEGMENT_MAGIC, -5, sequence, 4_096, before, rolled),
        image,
        0);
    int at = WalFormat.HEADER_BYTES;
    at += format.encode(-5, 1, 0, 1, Bytes.of(1), image, at);
    format.encode(-5, 2, mark, 1, Bytes.of(2), image, at);
    try (Vfs.File made = vfs.create(FileNames.log(file))) {
      made.append(ByteBuffer.wrap(image));
      made.sync();
    }
    vfs.syncDirectory("");
  }

  /** What is left of a rewrite into the manifest 99 that ended after so many bytes. */
  private static void remains(SimVfs vfs, String whole, int bytes) {
    byte[] image = new byte[bytes];
    try (Vfs.File file = vfs.open(whole)) {
      file.readAt(0, ByteBuffer.wrap(image));
    }
    WalFormat.Header header =
        new WalFormat.Header(WalFormat.MANIFEST_MAGIC, 77, 99, 0, WalFormat.Link.NONE, false);
    if (bytes >= WalFormat.HEADER_BYTES) new WalFormat().encodeHeader(header, image, 0);
    try (Vfs.File file = vfs.create(FileNames.manifest(99))) {
      file.append(ByteBuffer.wrap(image));
      file.sync();
    }
    vfs.syncDirectory("");
  }

  @Test
  void itIsRewrittenWhenItIsFourTimesItsLiveSize() {
    SimVfs vfs = disk(9);
    Manifest manifest = open(vfs);
    String first = current(vfs);
    long largest = 0;
    for (int i = 0; i < 3_000; i++) {
      manifest.append(List.of(new Flushed(i)));
      largest = Math.max(largest, size(vfs, current(vfs)));
    }
    assertFalse(current(vfs).equals(first));
    assertTrue(largest < 70_000, largest + " bytes");
    assertEquals(List.of(current(vfs)), manifests(vfs));
    assertEquals(2_999, open(vfs).state().flushedLsn());
  }

  @Test
  void aPowerLossAtEveryCall() {
    Run whole = new Run(disk(10));
    whole.go();
    long calls = whole.vfs.calls();
    assertTrue(calls > 25, calls + " calls");
    for (long n = 1; n <= calls; n++) {
      for (int seed = 0; seed < 8; seed++) {
        Run run = new Run(disk(100 + seed));
        run.vfs.failCall(n, SimVfs.Fault.POWER_LOSS);
        assertThrows(SimVfs.PowerLoss.class, run::go);
        run.vfs.crash();
        run.check("power loss at call " + n + ", seed " + seed);
      }
    }
  }

  @Test
  void everyFaultAtEveryCall() {
    Run whole = new Run(disk(10));
    whole.go();
    for (SimVfs.Fault fault : SimVfs.Fault.values()) {
      if (fault == SimVfs.Fault.POWER_LOSS || fault == SimVfs.Fault.KILL) continue;
      for (long n = 1; n <= whole.vfs.calls(); n++) {
        for (int seed = 0; seed < 3; seed++) {
          Run run = new Run(disk(200 + seed));
          run.vfs.failCall(n, fault);
          run.go();
          run.vfs.crash();
          run.check(fault + " at call " + n + ", seed " + seed);
        }
      }
    }
  }

  /** A script of edits, with the states that the disk may show afterwards. */
  private static final class Run {
    final SimVfs vfs;

    /** The state after the last append that returned, and then what may have become of others. */
    final List<ManifestState> possible = new ArrayList<>(List.of(ManifestState.EMPTY));

    Run(SimVfs vfs) {
      this.vfs = vfs;
    }

    void go() {
      Manifest manifest = null;
      for (int attempt = 0; manifest == null; attempt++) {
        assertTrue(attempt < 3);
        try {
          manifest = ManifestTest.open(vfs);
        } catch (KdeltaException.DiskFault fault) {
          assertFalse(fault.operation().isEmpty());
        }
      }
      for (int i = 1; i <= 6; i++) {
        List<ManifestEdit> edits = List.of(new Flushed(i), new SegmentNamed(i, 500 + i, i, 4_096));
        possible.add(manifest.state().after(edits));
        try {
          if (i == 4) manifest.rewrite(edits);
          else manifest.append(edits);
          possible.clear();
          possible.add(manifest.state());
        } catch (KdeltaException.DiskFault fault) {
          assertFalse(fault.operation().isEmpty());
        }
      }
    }

    void check(String what) {
      try {
        ManifestState found = ManifestTest.open(vfs).state();
        assertTrue(possible.contains(found), found + " is none of " + possible);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(what, e);
      }
    }
  }

  private static SimVfs disk(int seed) {
    return new SimVfs(new SimEntropy(seed).split("disk"));
  }

  private static Manifest open(SimVfs vfs) {
    return Manifest.open(vfs, new SimEntropy(vfs.calls()));
  }

  private static void make(SimVfs vfs, String name, int bytes) {
    try (Vfs.File file = vfs.create(name)) {
      file.append(ByteBuffer.allocate(bytes));
      file.sync();
    }
    vfs.syncDirectory("");
  }

  private static String current(SimVfs vfs) {
    return manifests(vfs).getLast();
  }

  private static List<String> manifests(SimVfs vfs) {
    return vfs.list("").stream().filter(name -> name.endsWith(FileNames.MANIFEST)).toList();
  }

  private static long size(SimVfs vfs, String name) {
    try (Vfs.File file = vfs.open(name)) {
      return file.size();
    }
  }
}
