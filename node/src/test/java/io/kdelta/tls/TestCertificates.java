package io.kdelta.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A certificate authority for tests, made by the {@code keytool} of this JDK, and PEM files of
 * certificates that it has signed.
 */
public final class TestCertificates {
  /** Where all nodes of a test are. */
  public static final String HERE = "san=dns:localhost,ip:127.0.0.1";

  private static final String PASSWORD = "for-tests";
  private static final int SECONDS_MAX = 60;

  private final Path folder;
  private final Path store;

  /** Makes the authority, in a folder of its own under that name. */
  public TestCertificates(Path parent, String name) throws IOException {
    folder = Files.createDirectories(parent.resolve(name));
    store = folder.resolve("store.p12");
    keytool("-alias", "ca", "-dname", "CN=" + name, "-ext", "bc:c", "-validity", "100");
    write(ca(), List.of(certificate("ca")));
  }

  /** The certificate of the authority. */
  public Path ca() {
    return folder.resolve("ca.pem");
  }

  /** A certificate for {@link #HERE}. */
  public TlsFiles sign(String name) throws IOException {
    return sign(name, HERE, "-validity", "50");
  }

  /** A certificate for other names, or of other options; with the authority as who is trusted. */
  public TlsFiles sign(String name, String names, String... more) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("-alias", name, "-signer", "ca"));
    arguments.addAll(List.of("-dname", "CN=" + name, "-ext", names));
    arguments.addAll(List.of(more));
    keytool(arguments.toArray(String[]::new));
    Path certificate = folder.resolve(name + ".pem");
    Path key = folder.resolve(name + ".key");
    write(certificate, List.of(certificate(name), certificate("ca")));
    writeKey(key, name);
    return new TlsFiles(Optional.of(ca()), Optional.of(certificate), Optional.of(key));
  }

  /** The same files under other names, which a test may replace. */
  public static TlsFiles copy(TlsFiles from, Path folder) throws IOException {
    Files.createDirectories(folder);
    return new TlsFiles(
        Optional.of(replace(from.ca().orElseThrow(), folder.resolve("ca.pem"))),
        Optional.of(replace(from.certificate().orElseThrow(), folder.resolve("tls.pem"))),
        Optional.of(replace(from.key().orElseThrow(), folder.resolve("tls.key"))));
  }

  /** Puts a copy of one file in the place of another at one stroke. */
  public static Path replace(Path from, Path to) throws IOException {
    Path beside = to.resolveSibling(to.getFileName() + ".new");
    Files.copy(from, beside, StandardCopyOption.REPLACE_EXISTING);
    return Files.move(beside, to, StandardCopyOption.ATOMIC_MOVE);
  }

  private void keytool(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-genkeypair"));
    command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1"));
    command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
    command.addAll(List.of("-keystore", store.toString()));
    command.addAll(List.of(arguments));
    Path said = folder.resolve("keytool.txt");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    try {
      if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) process.destroyForcibly();
      if (process.waitFor() != 0) throw new IOException(Files.readString(said));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private byte[] certificate(String alias) throws IOException {
    try {
      Certificate found = open().getCertificate(alias);
      return found.getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private KeyStore open() throws IOException, GeneralSecurityException {
    KeyStore opened = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      opened.load(in, PASSWORD.toCharArray());
    }
    return opened;
  }

  private void writeKey(Path file, String alias) throws IOException {
    try {
      byte[] encoded = open().getKey(alias, PASSWORD.toCharArray()).getEncoded();
      Files.writeString(file, block("PRIVATE KEY", encoded), StandardCharsets.US_ASCII);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private static void write(Path file, List<byte[]> certificates) throws IOException {
    StringBuilder text = new StringBuilder();
    for (byte[] one : certificates) text.append(block("CERTIFICATE", one));
    Files.writeString(file, text, StandardCharsets.US_ASCII);
  }

  private static String block(String label, byte[] encoded) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
        + "\n-----END "
        + label
        + "-----\n";
  }
}
