package io.kdelta.tls;

import io.kdelta.error.KdeltaException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the PEM files of one end of a connection lie. Immutable.
 *
 * @param ca certificates of whoever signs the other end's; absent: those that the JDK trusts
 * @param certificate what this end shows, its own first and whoever signed it behind
 * @param key of the certificate, PKCS #8, not encrypted; there exactly if the certificate is
 */
public record TlsFiles(Optional<Path> ca, Optional<Path> certificate, Optional<Path> key) {
  /** Shows nothing, and trusts whom the JDK trusts. */
  public static final TlsFiles NONE =
      new TlsFiles(Optional.empty(), Optional.empty(), Optional.empty());

  /** Invalid when one of certificate and key is given without the other. */
  public TlsFiles {
    if (certificate.isPresent() && key.isEmpty()) {
      throw new KdeltaException.Invalid("tls-cert", "of what use is it without --tls-key FILE");
    }
    if (key.isPresent() && certificate.isEmpty()) {
      throw new KdeltaException.Invalid("tls-key", "of what use is it without --tls-cert FILE");
    }
  }
}
