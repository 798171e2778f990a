package io.kdelta.tls;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a failed connection means to a person, where TLS is the reason: one end speaks it and the
 * other does not, or one does not accept what the other shows. Made of what the libraries say,
 * which differs by library and by version of TLS. Pure.
 *
 * @param what a clause about the server
 * @param hint what to do
 */
public record TlsFailure(String what, String hint) {
  /** One end speaks TLS and the other does not. */
  static final TlsFailure WANTED =
      new TlsFailure(
          "this server wants TLS",
          "--tls-ca FILE (KDELTA_TLS_CA) says whom to trust, or --tls whom the JDK trusts");

  /** A chain of causes is not walked any further. */
  static final int DEPTH_MAX = 16;

  /** What was wrong, if TLS was; {@code failure}: of the call or the connection. */
  public static Optional<TlsFailure> of(Throwable failure) {
    String text = text(failure);
    if (text.contains("not an ssl/tls record") || text.contains("wrong_version_number")) {
      return told("it speaks no TLS", "leave --tls, --tls-ca and --tls-cert away, or give it them");
    }
    // The first bytes of a record of TLS: an alert, or the beginning of a handshake.
    if (text.contains("not settings. hex dump for first")
        && (text.contains("bytes: 1503") || text.contains("bytes: 1603"))) {
      return Optional.of(WANTED);
    }
    return ofCertificates(text);
  }

  private static Optional<TlsFailure> ofCertificates(String text) {
    if (any(text, "certificate_required", "certificate required", "peer_did_not_return")) {
      return told("it wants a certificate", "--tls-cert FILE --tls-key FILE show one");
    }
    if (any(text, "fatal alert", "_alert_", "alert:")) {
      if (any(text, "expired")) {
        return told("it says that the certificate of this end has expired", "replace the file");
      }
      if (any(text, "unknown_ca", "unknown ca", "certificate_unknown", "bad_certificate")
          || any(text, "alert_internal_error", "handshake_failure")) {
        return told(
            "it does not accept the certificate of this end, or wants one",
            "--tls-cert FILE --tls-key FILE show one that its --tls-ca has signed");
      }
    }
    if (any(text, "no subject alternative", "no name matching")) {
      return told(
          "its certificate is for another name",
          "dial it by a name or an address that stands in its certificate");
    }
    if (any(text, "certificateexpired", "notafter:")) {
      return told("its certificate has expired", "replace it there; a node takes it as it runs");
    }
    if (any(text, "unable to find valid certification path", "path does not chain", "pkix path")) {
      return told(
          "nobody who is trusted has signed its certificate", "--tls-ca FILE says whom to trust");
    }
    return Optional.empty();
  }

  private static Optional<TlsFailure> told(String what, String hint) {
    return Optional.of(new TlsFailure(what, hint));
  }

  private static boolean any(String text, String... parts) {
    for (String part : parts) if (text.contains(part)) return true;
    return false;
  }

  private static String text(Throwable failure) {
    StringBuilder text = new StringBuilder();
    @Nullable Throwable next = failure;
    for (int i = 0; next != null && i < DEPTH_MAX; i++, next = next.getCause()) {
      text.append(next).append('\n');
    }
    return text.toString().toLowerCase(Locale.ROOT);
  }
}
