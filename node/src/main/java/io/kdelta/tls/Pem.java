package io.kdelta.tls;

import io.kdelta.error.KdeltaException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * Reads PEM files (RFC 7468). What cannot be read is {@link KdeltaException.Invalid} with the name
 * of the setting and of the file, never with what stands in it. Stateless.
 */
final class Pem {
  private static final int BYTES_MAX = 1 << 20;
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";
  private static final List<String> ALGORITHMS = List.of("RSA", "EC");

  private Pem() {}

  /** All certificates of a file, in order; at least one. */
  static List<X509Certificate> certificates(String field, Path file) {
    List<X509Certificate> found = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (byte[] block : blocks(field, file, "CERTIFICATE")) {
        found.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(block)));
      }
    } catch (CertificateException e) {
      throw new KdeltaException.Invalid(field, file + " holds a certificate that is none");
    }
    if (found.isEmpty()) {
      throw new KdeltaException.Invalid(
          field, file + " holds no certificate: there is no line " + BEGIN + "CERTIFICATE-----");
    }
    return List.copyOf(found);
  }

  /** The first private key of a file. */
  static PrivateKey key(String field, Path file) {
    List<byte[]> blocks = blocks(field, file, "PRIVATE KEY");
    if (blocks.isEmpty()) {
      throw new KdeltaException.Invalid(
          field,
          file
              + " holds no PKCS #8 key that is not encrypted; openssl pkcs8 -topk8 -nocrypt -in "
              + file
              + " writes one");
    }
    byte[] encoded = blocks.getFirst();
    try {
      for (String algorithm : ALGORITHMS) {
        try {
          return KeyFactory.getInstance(algorithm)
              .generatePrivate(new PKCS8EncodedKeySpec(encoded));
        } catch (InvalidKeySpecException e) {
          // Of another kind.
        }
      }
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has " + ALGORITHMS, e);
    } finally {
      Arrays.fill(encoded, (byte) 0);
    }
    throw new KdeltaException.Invalid(
        field, file + " holds a key of another kind than " + String.join(" or ", ALGORITHMS));
  }

  /** Whether a key belongs to a certificate. */
  static boolean fits(X509Certificate certificate, PrivateKey key) {
    if (!key.getAlgorithm().equals(certificate.getPublicKey().getAlgorithm())) return false;
    byte[] text = "kdelta".getBytes(StandardCharsets.US_ASCII);
    try {
      java.security.Signature signature =
          java.security.Signature.getInstance(
              key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA");
      signature.initSign(key);
      signature.update(text);
      byte[] signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      signature.update(text);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static List<byte[]> blocks(String field, Path file, String label) {
    String text = text(field, file);
    List<byte[]> blocks = new ArrayList<>();
    String begin = BEGIN + label + DASHES;
    String end = END + label + DASHES;
    int from = text.indexOf(begin);
    while (from >= 0) {
      int to = text.indexOf(end, from);
      if (to < 0) throw new KdeltaException.Invalid(field, file + " ends before " + end);
      try {
        blocks.add(Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to)));
      } catch (IllegalArgumentException e) {
        throw new KdeltaException.Invalid(field, file + " holds no Base64 behind " + begin);
      }
      from = text.indexOf(begin, to);
    }
    return blocks;
  }

  private static String text(String field, Path file) {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(BYTES_MAX + 1);
    } catch (NoSuchFileException e) {
      throw new KdeltaException.Invalid(field, "there is no file " + file);
    } catch (IOException e) {
      throw new KdeltaException.Invalid(field, "cannot read " + file + ": " + e);
    }
    if (bytes.length > BYTES_MAX) {
      throw new KdeltaException.Invalid(field, file + " is larger than " + BYTES_MAX + " bytes");
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
