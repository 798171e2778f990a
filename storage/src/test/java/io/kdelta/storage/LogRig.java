package io.kdelta.storage;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * A log with its manifest and nothing above them, driven as the engine drives them, next to a
 * model: what was appended, and what was reported durable. One rig lives over many lives of its
 * disk.
 */
final class LogRig {
  static final WalLimits TINY = new WalLimits(4_096, 8_192, 1);

  final SimVfs vfs;
  final SimEntropy entropy;
  final WalLimits limits;

  /** What was appended and not cut since, by LSN. */
  final TreeMap<Long, Bytes> appended = new TreeMap<>();

  /** What recovery handed over at the last open. */
  final TreeMap<Long, Bytes> recovered = new TreeMap<>();

  /** The highest LSN anybody was told is durable. */
  long acknowledged;

  long flushed;
  Manifest manifest;
  Wal wal;
  List<Damage> settled = List.of();
  private long payloads;

  LogRig(SimVfs vfs, SimEntropy entropy, WalLimits limits) {
    this.vfs = vfs;
    this.entropy = entropy;
    this.limits = limits;
    open();
  }

  static LogRig create(long seed) {
    SimEntropy entropy = new SimEntropy(seed);
    return new LogRig(new SimVfs(entropy.split("disk")), entropy.split("log"), TINY);
  }

  void open() {
    recovered.clear();
    manifest = Manifest.open(vfs, entropy);
    wal =
        Wal.open(
            vfs,
            entropy,
            limits,
            manifest,
            (lsn, _, array, from, size) -> recovered(lsn, Bytes.copyOf(array, from, size)));
    settled = manifest.settle(wal.recovery());
  }

  /** Each record comes once, in order: memtables take nothing else. */
  private void recovered(long lsn, Bytes payload) {
    if (!recovered.isEmpty() && lsn <= recovered.lastKey()) {
      throw new AssertionError("LSN " + lsn + " after " + recovered.lastKey());
    }
    recovered.put(lsn, payload);
  }

  /** Appends if it fits, making a segment ready first if that is what is missing. */
  boolean append(int payloadBytes) {
    if (!wal.fits(payloadBytes)) {
      write();
      prepare();
    }
    if (!wal.fits(payloadBytes)) return false;
    byte[] bytes = new byte[payloadBytes];
    new SimEntropy(payloads++).fill(bytes);
    Bytes payload = Bytes.wrap(bytes);
    // In the model first: a crash inside the call may leave it on the disk.
    appended.put(wal.lastLsn() + 1, payload);
    wal.append(7, payload);
    return true;
  }

  /** Writes and syncs what is in the buffer. */
  void write() {
    wal.takeWrite()
        .ifPresent(write -> {
          write.run();
          wal.written(write);
          acknowledged = Math.max(acknowledged, wal.durableLsn());
        });
  }

  void prepare() {
    if (!wal.wantsSegment()) return;
    WalPreparation preparation = wal.prepare();
    preparation.run();
    wal.prepared(preparation);
  }

  /** Pretends that everything up to the LSN is in tables. */
  void flush(long lsn) {
    List<ManifestEdit> edits = new ArrayList<>();
    edits.add(new ManifestEdit.Flushed(lsn));
    edits.addAll(wal.releasable(lsn));
    flushed = Math.max(flushed, lsn);
    manifest.append(edits);
    wal.released(edits);
  }

  /** Ends the life of the process, or of the machine, and opens again. */
  void reopenAfterCrash() {
    vfs.crash();
    open();
  }

  /** Forgets what recovery did not bring back, as its owner would. */
  void adopt() {
    appended.tailMap(wal.lastLsn(), false).clear();
  }
}
