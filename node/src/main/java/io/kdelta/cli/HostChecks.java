package io.kdelta.cli;

import io.kdelta.storage.StorageLimits;
import io.kdelta.tls.TlsFiles;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What {@code kdelta doctor} looks at on this machine. Reads, and changes nothing. One thread. */
final class HostChecks {
  private static final int JAVA_NEEDED = 25;
  private static final long OPEN_FILES_LOW = 4_096;
  private static final Duration ENDS_SOON = Duration.ofDays(21);

  /** With so many times the reserve it is time to look for room. */
  private static final int ROOM_LOW = 4;

  /** Where a sync may promise what it does not keep, or a lock hold for one machine only. */
  private static final List<String> DOUBTFUL =
      List.of("nfs", "nfs4", "cifs", "smb3", "fuse", "9p", "tmpfs", "ramfs");

  private final List<Finding> findings;

  HostChecks(List<Finding> findings) {
    this.findings = findings;
  }

  void java() {
    int feature = Runtime.version().feature();
    String what = "Java " + Runtime.version() + " in " + System.getProperty("java.home");
    findings.add(
        feature >= JAVA_NEEDED
            ? Finding.ok("java", what)
            : Finding.fail("java", what, "set KDELTA_JAVA_HOME to a JDK " + JAVA_NEEDED));
  }

  /** How it was started, and whether with the cache of classes. */
  void launcher() {
    String program = System.getProperty("kdelta.program", "");
    findings.add(
        program.isEmpty()
            ? Finding.warn(
                "launcher",
                "not started by the launcher kdelta: no flags for the JVM but those given",
                "start it by the script kdelta")
            : Finding.ok("launcher", program));
    boolean cached =
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .anyMatch(flag -> flag.startsWith("-XX:AOTCache="));
    boolean off = System.getenv().getOrDefault("KDELTA_AOT", "").equals("off");
    String none = off ? "turned off by KDELTA_AOT=off" : "none yet: commands start more slowly";
    findings.add(
        cached
            ? Finding.ok("aot-cache", "in use")
            : Finding.warn(
                "aot-cache", none, off ? "unset KDELTA_AOT" : "the next kdelta get makes it"));
  }

  void openFiles() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/limits"))) {
      Optional<String> line = lines.filter(l -> l.startsWith("Max open files")).findFirst();
      if (line.isEmpty()) return;
      String soft = line.get().substring("Max open files".length()).strip().split(" +", -1)[0];
      boolean low = !soft.equals("unlimited") && Long.parseLong(soft) < OPEN_FILES_LOW;
      String what = soft + " files may be open at once";
      findings.add(
          low
              ? Finding.warn("open-files", what, "ulimit -n 65536, or LimitNOFILE= in the unit")
              : Finding.ok("open-files", what));
    } catch (IOException | NumberFormatException e) {
      // No Linux: nothing is known, and nothing said.
      return;
    }
  }

  /** The data directory, whether or not a node uses it. */
  void data(Path directory) {
    if (!Files.exists(directory)) {
      absent(directory);
      return;
    }
    boolean usable =
        Files.isDirectory(directory)
            && Files.isReadable(directory)
            && Files.isWritable(directory)
            && Files.isExecutable(directory);
    if (!usable) {
      String user = System.getProperty("user.name");
      String why =
          Files.isDirectory(directory) ? " may not be used by " + user : " is no directory";
      findings.add(Finding.fail("data", directory + why, "chown it, or name another by --data"));
      return;
    }
    boolean store = Files.exists(directory.resolve("CURRENT"));
    boolean backup = Files.exists(directory.resolve("BACKUP"));
    findings.add(
        backup
            ? Finding.fail(
                "data",
                directory + " is a backup, on which no node starts",
                "kdelta admin restore " + directory + " DIR")
            : Finding.ok("data", directory + (store ? " holds a store" : " holds no store yet")));
    lock(directory.resolve("LOCK"));
    room(directory);
  }

  private void absent(Path directory) {
    Path parent = directory.toAbsolutePath().getParent();
    while (parent != null && !Files.exists(parent)) parent = parent.getParent();
    boolean possible = parent != null && Files.isWritable(parent);
    findings.add(
        possible
            ? Finding.ok("data", directory + " is not there: the first kdelta start makes it")
            : Finding.fail(
                "data",
                directory + " is not there and cannot be made in " + parent,
                "chown that, or name another by --data"));
    if (possible && parent != null) room(parent);
  }

  private void lock(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      FileLock taken = channel.tryLock(0, Long.MAX_VALUE, true);
      if (taken != null) {
        findings.add(Finding.ok("lock", "no node has the directory open"));
        return;
      }
      ByteBuffer text = ByteBuffer.allocate(1_024);
      channel.read(text, 0);
      text.flip();
      String holder = StandardCharsets.UTF_8.decode(text).toString().strip();
      findings.add(Finding.ok("lock", "held by " + holder));
    } catch (NoSuchFileException e) {
      findings.add(Finding.ok("lock", "no node has had the directory open"));
    } catch (OverlappingFileLockException e) {
      findings.add(Finding.ok("lock", "held by this process"));
    } catch (IOException e) {
      findings.add(
          Finding.fail("lock", file + " cannot be read: " + e, "run as the user of the node"));
    }
  }

  private void room(Path directory) {
    try {
      FileStore store = Files.getFileStore(directory);
      long free = store.getUsableSpace();
      long reserve = StorageLimits.standard().reserveBytes();
      String what = (free >> 20) + " MiB free on " + store + " (" + store.type() + ")";
      String hint = "with less than " + (reserve >> 20) + " MiB a node takes no writes: make room";
      findings.add(
          free < reserve
              ? Finding.fail("disk", what, hint)
              : free < ROOM_LOW * reserve
                  ? Finding.warn("disk", what, hint)
                  : Finding.ok("disk", what));
      if (DOUBTFUL.stream().anyMatch(type -> store.type().startsWith(type))) {
        findings.add(
            Finding.warn(
                "file-system",
                store.type() + ": a sync or a lock may not mean what it means on a local disk",
                "put the data directory on a local file system"));
      }
    } catch (IOException e) {
      findings.add(Finding.fail("disk", "nothing is known of " + directory + ": " + e, null));
    }
  }

  /** The files of TLS that were named. */
  void tls(TlsFiles files, Instant now) {
    files.ca().ifPresent(file -> certificates("tls-ca", file, now));
    files.certificate().ifPresent(file -> certificates("tls-cert", file, now));
    files
        .key()
        .ifPresent(file -> {
          boolean readable = Files.isReadable(file);
          findings.add(
              readable
                  ? Finding.ok("tls-key", file + " can be read")
                  : Finding.fail("tls-key", file + " cannot be read", "chown or chmod it"));
        });
  }

  private void certificates(String check, Path file, Instant now) {
    List<X509Certificate> found = new ArrayList<>();
    try (InputStream in = Files.newInputStream(file)) {
      for (var one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        if (one instanceof X509Certificate certificate) found.add(certificate);
      }
    } catch (IOException | GeneralSecurityException e) {
      findings.add(Finding.fail(check, file + " cannot be read: " + e, "it has to be PEM"));
      return;
    }
    if (found.isEmpty()) {
      findings.add(Finding.fail(check, file + " holds no certificate", "it has to be PEM"));
    }
    for (X509Certificate certificate : found) {
      Instant end = certificate.getNotAfter().toInstant();
      String what = file + ": " + certificate.getSubjectX500Principal() + " is valid until " + end;
      boolean early = now.isBefore(certificate.getNotBefore().toInstant());
      findings.add(
          early || !now.isBefore(end)
              ? Finding.fail(
                  check,
                  early ? what + ", and not yet" : what + ", and no more",
                  "replace the file; a node takes it within seconds")
              : now.plus(ENDS_SOON).isAfter(end)
                  ? Finding.warn(check, what, "replace the file; a node takes it within seconds")
                  : Finding.ok(check, what));
    }
  }
}
