package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.FileList;
import io.kdelta.storage.IncomingFiles;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.TreeSet;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * SNAPSHOT: when the list of the files of another node lies on a disk, all of these files do, whole
 * and as they were listed, whatever a power loss takes at that moment: a node goes on with them
 * without asking anybody. Hashes are computed here; disks that were damaged from outside are let
 * be.
 */
final class SnapshotOracle implements Oracle {
  private static final String LIST = IncomingFiles.DIRECTORY + "/LIST";
  private static final int DIGEST_BYTES = 32;

  private final World world;
  private final Entropy entropy;
  private final TreeSet<Integer> damaged = new TreeSet<>();
  private long looks;

  SnapshotOracle(World world) {
    this.world = world;
    this.entropy = world.chance("oracle SNAPSHOT");
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void before(Action action) {
    if (action instanceof Action.OnDisk rot) damaged.add(rot.node());
  }

  /** What was gathered is still there when the node says what came of it. */
  @Override
  public void noted(int node, String what) {
    if (node >= 0 && what.startsWith("took ") && what.contains(" from a snapshot of ")) {
      look(world.nodes().get(node));
    }
  }

  @Override
  public void glance(SimNode node) {
    look(node);
  }

  @Override
  public void quiet(List<Audit> audits) {
    for (SimNode node : world.nodes()) look(node);
  }

  private void look(SimNode node) {
    looks++;
    if (damaged.contains(node.index()) || !node.disk().files().contains(LIST)) return;
    SimVfs disk = node.disk().copy(entropy);
    disk.crashDropping();
    disk.failNothing();
    if (!disk.files().contains(LIST)) return;
    FileList list = FileList.decode(read(disk, LIST).slice(DIGEST_BYTES));
    for (FileList.Listed file : list.files()) {
      String path = IncomingFiles.DIRECTORY + "/" + file.name();
      boolean there = disk.files().contains(path) && disk.sizeOf(path) == file.bytes();
      if (!there || !digests(read(disk, path), list).equals(file.digests())) {
        throw new OracleFailure(
            "SNAPSHOT",
            World.name(node.index()) + " would lose " + path + " and keep the list that names it");
      }
    }
  }

  private static Bytes read(SimVfs disk, String path) {
    byte[] bytes = new byte[Math.toIntExact(disk.sizeOf(path))];
    try (Vfs.File file = disk.openForReading(path)) {
      file.readAt(0, ByteBuffer.wrap(bytes));
    }
    return Bytes.wrap(bytes);
  }

  private static Bytes digests(Bytes file, FileList list) {
    ByteWriter digests = new ByteWriter();
    for (int from = 0; from < file.size(); from += list.pieceBytes()) {
      byte[] piece = file.slice(from, Math.min(file.size(), from + list.pieceBytes())).toArray();
      switch (list.check()) {
        case SHA256 -> digests.write(sha256(piece));
        case SEAL -> digests.writeInt(sum(new CRC32(), piece)).writeInt(sum(new CRC32C(), piece));
        case LATER -> throw new AssertionError("the list of whole files knows what they are");
      }
    }
    return digests.toBytes();
  }

  private static int sum(Checksum sum, byte[] bytes) {
    sum.update(bytes);
    return (int) sum.getValue();
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
