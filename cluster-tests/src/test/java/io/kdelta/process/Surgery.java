package io.kdelta.process;

import static org.awaitility.Awaitility.await;

import io.kdelta.env.HostEntropy;
import io.kdelta.proto.v1.AdminGrpc;
import io.kdelta.proto.v1.CreateBackupRequest;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.Audit;
import io.kdelta.sim.OracleFailure;
import io.kdelta.storage.Restoration;
import io.kdelta.vfs.HostVfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;

/**
 * The faults that need a whole cluster around them: restarts, second processes, copied, damaged,
 * wiped and rolled-back disks. Each ends with the node whole again; the clients go on at the others
 * all the time. One thread: the nemesis'.
 */
final class Surgery {
  private static final int HOLDERS_CONFLICT = 4;

  private final ProcessCluster cluster;
  private final Clients clients;
  private final ClientHistory history;
  private final Deafness deafness;
  private final DotBook dots;
  private final Path folder;
  private int operations;

  /**
   * @param dots is told of the places of logs that a disk holds before it goes away
   * @param folder for backups and copies
   */
  Surgery(
      ProcessCluster cluster,
      Clients clients,
      ClientHistory history,
      Deafness deafness,
      DotBook dots,
      Path folder) {
    this.cluster = cluster;
    this.clients = clients;
    this.history = history;
    this.deafness = deafness;
    this.dots = dots;
    this.folder = folder;
  }

  /** Performs one, on a cluster in which every node is up and every link open. */
  void perform(Fault fault) throws IOException, InterruptedException {
    operations++;
    switch (fault) {
      case Fault.Restart(int node) -> restart(node);
      case Fault.Rolling() -> {
        for (int node = 0; node < cluster.size(); node++) restart(node);
      }
      case Fault.Rival(int node) -> rival(node);
      case Fault.Twin(int node, int writes) -> twin(node, writes);
      case Fault.Rot(int node, boolean table, int permille, int mask) ->
          rot(node, table, permille, mask);
      case Fault.Wipe(int node) -> wipe(node);
      case Fault.Restore(int node, int writes) -> restore(node, writes);
      default -> throw new AssertionError("needs no surgery: " + fault);
    }
  }

  private void restart(int node) throws IOException, InterruptedException {
    int code = cluster.node(node).terminate();
    deafness.begins(node);
    if (code != 0) {
      throw new OracleFailure(
          "crash", cluster.name(node) + " ends with " + code + ":\n" + cluster.node(node).said());
    }
    startAgain(node);
  }

  private void startAgain(int node) throws IOException {
    deafness.ends(node);
    cluster.node(node).start();
    cluster.awaitReady(node);
  }

  private void rival(int node) throws IOException, InterruptedException {
    NodeProcess first = cluster.node(node);
    try (NodeProcess second = first.rival(folder.resolve("rival-" + operations + ".log"))) {
      int code = second.awaitExit();
      if (code != HOLDERS_CONFLICT || !second.said().contains("held by process " + first.pid())) {
        throw new OracleFailure(
            "O1",
            "a second process on the data of "
                + cluster.name(node)
                + " ends with "
                + code
                + " and says\n"
                + second.said());
      }
    }
    if (!first.alive())
      throw new OracleFailure("AVAIL", "the first process ended: " + first.said());
  }

  /**
   * AMNESIA: a copied directory runs beside its origin, both take writes; what the copy wrote
   * arrives when it is the only one of its identity, what the origin wrote when it is.
   */
  private void twin(int node, int writes) throws IOException, InterruptedException {
    cluster.node(node).kill();
    deafness.begins(node);
    Path copy = folder.resolve("twin-" + operations);
    copy(cluster.node(node).data(), copy);
    startAgain(node);
    int twin = cluster.size();
    clients.avoid(twin);
    clients.forgetWhatItTold(twin);
    cluster.add(cluster.name(node) + "-twin" + operations, "twin", copy);
    cluster.joinOthers(twin);
    cluster.node(twin).start();
    cluster.awaitReady(twin);
    clients.allow(twin);
    for (int one : List.of(node, twin)) takesAlone(one, writes);
    // Peers keep one link to an identity, so both need not be heard while both are there.
    clients.avoid(node);
    cluster.node(node).kill();
    clients.avoid(twin);
    List<Integer> others = others(node);
    others.removeIf(other -> other == twin);
    awaitHeldBy(twin, others);
    cluster.node(twin).kill();
    dots.read(cluster.name(twin), copy);
    // Its place stays avoided: there may be no other.
    cluster.removeLast();
    startAgain(node);
    clients.allow(node);
    delete(copy);
  }

  private void takesAlone(int node, int writes) {
    long goal = history.acknowledgedBy(node) + writes;
    try {
      await().atMost(ProcessCluster.AGREEMENT).until(() -> history.acknowledgedBy(node) >= goal);
    } catch (ConditionTimeoutException late) {
      throw new OracleFailure(
          "AVAIL", cluster.name(node) + " takes no writes:\n" + cluster.node(node).said());
    }
  }

  private void rot(int node, boolean table, int permille, int mask)
      throws IOException, InterruptedException {
    Set<Digest> held = retire(node, table);
    Path data = cluster.node(node).data();
    List<Path> files = files(data, table ? ".table" : ".log");
    if (!files.isEmpty()) flip(files.get(permille % files.size()), permille, mask);
    startAgain(node);
    awaitWhole(node, held);
  }

  /** Flips bits of one byte in what is written of a file: a log ends in zeros. */
  private static void flip(Path file, int permille, int mask) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) channel.size());
      while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
      int end = bytes.position();
      while (end > 0 && bytes.get(end - 1) == 0) end--;
      if (end == 0) return;
      int at = (int) ((long) permille * end / 1_000);
      ByteBuffer one = ByteBuffer.wrap(new byte[] {(byte) (bytes.get(at) ^ mask)});
      channel.write(one, at);
      channel.force(true);
    }
  }

  private void wipe(int node) throws IOException, InterruptedException {
    Set<Digest> held = retire(node, false);
    delete(cluster.node(node).data());
    cluster.joinOthers(node);
    startAgain(node);
    awaitWhole(node, held);
  }

  private void restore(int node, int writes) throws IOException, InterruptedException {
    Path backup = folder.resolve("backup-" + operations);
    var _ =
        AdminGrpc.newBlockingStub(cluster.channel(node))
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .createBackup(CreateBackupRequest.newBuilder().setDirectory("" + backup).build());
    takesAlone(node, writes);
    Set<Digest> held = retire(node, false);
    Path data = cluster.node(node).data();
    delete(data);
    var _ =
        Restoration.restore(
            new HostVfs(backup),
            new HostVfs(data),
            new HostEntropy(),
            Optional.empty(),
            "the test",
            (_, _) -> {});
    delete(backup);
    startAgain(node);
    awaitWhole(node, held);
  }

  /**
   * Stops a node whose disk is to lose something: first the clients leave it alone, and all that it
   * holds is held by another node too. Answers what it holds.
   */
  private Set<Digest> retire(int node, boolean orderly) throws IOException, InterruptedException {
    clients.avoid(node);
    Set<Digest> held = awaitHeldBy(node, others(node));
    if (orderly) {
      int code = cluster.node(node).terminate();
      if (code != 0) throw new OracleFailure("crash", cluster.node(node).said());
    } else {
      cluster.node(node).kill();
    }
    deafness.begins(node);
    dots.read(cluster.name(node), cluster.node(node).data());
    return held;
  }

  /** REPAIR: what others hold comes back; then the clients may come back too. */
  private void awaitWhole(int node, Set<Digest> held) {
    clients.forgetWhatItTold(node);
    try {
      await()
          .atMost(ProcessCluster.AGREEMENT)
          .ignoreExceptions()
          .until(() -> ids(node).containsAll(held));
    } catch (ConditionTimeoutException late) {
      throw new OracleFailure(
          "LIVE", cluster.name(node) + " is not whole again:\n" + cluster.node(node).said());
    }
    clients.allow(node);
  }

  /** Waits until one of the others holds all that the node holds; answers what that is. */
  private Set<Digest> awaitHeldBy(int node, List<Integer> others) {
    TreeSet<Digest> held = new TreeSet<>();
    try {
      await()
          .atMost(ProcessCluster.AGREEMENT)
          .ignoreExceptions()
          .until(() -> {
            held.clear();
            held.addAll(ids(node));
            return others.stream().anyMatch(other -> ids(other).containsAll(held));
          });
    } catch (ConditionTimeoutException late) {
      throw new OracleFailure(
          "LIVE",
          "nobody holds what " + cluster.name(node) + " holds:\n" + cluster.node(node).said());
    }
    return held;
  }

  private Set<Digest> ids(int node) {
    TreeSet<Digest> ids = new TreeSet<>();
    for (Audit.Told told : cluster.subject(node).versions()) ids.add(told.raw().id());
    return ids;
  }

  private List<Integer> others(int node) {
    List<Integer> others = new ArrayList<>();
    for (int i = 0; i < cluster.size(); i++) if (i != node) others.add(i);
    return others;
  }

  private static List<Path> files(Path folder, String suffix) throws IOException {
    try (var all = Files.list(folder)) {
      return all.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(folder)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, to.resolve(from.relativize(file)));
            return FileVisitResult.CONTINUE;
          }
        });
  }

  static void delete(Path folder) throws IOException {
    try (var all = Files.walk(folder)) {
      for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
