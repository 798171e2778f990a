package io.kdelta.tls;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Asks a server that has just ended a connection without a word whether it wants TLS: it begins a
 * handshake, which a server of TLS answers, and hangs up. Nothing is sent over it. Blocks for two
 * seconds at most; stateless.
 */
public final class TlsProbe {
  private static final int TIMEOUT_MILLIS = 1_000;

  private TlsProbe() {}

  /**
   * Why a connection without TLS failed, if the server wants TLS.
   *
   * @param address HOST:PORT
   * @param failure what the connection ended with
   */
  public static Optional<TlsFailure> of(String address, Throwable failure) {
    return reset(failure) && answers(address) ? Optional.of(TlsFailure.WANTED) : Optional.empty();
  }

  private static boolean reset(Throwable failure) {
    @Nullable Throwable next = failure;
    for (int i = 0; next != null && i < TlsFailure.DEPTH_MAX; i++, next = next.getCause()) {
      String text = next.toString().toLowerCase(Locale.ROOT);
      if (text.contains("connection reset") || text.contains("network closed")) return true;
    }
    return false;
  }

  private static boolean answers(String address) {
    int colon = address.lastIndexOf(':');
    String host = address.substring(0, Math.max(0, colon)).replaceAll("[\\[\\]]", "");
    try (Socket plain = new Socket()) {
      int port = Integer.parseInt(address.substring(colon + 1));
      plain.connect(new InetSocketAddress(host, port), TIMEOUT_MILLIS);
      plain.setSoTimeout(TIMEOUT_MILLIS);
      SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
      try (SSLSocket secured = (SSLSocket) factory.createSocket(plain, host, port, true)) {
        secured.startHandshake();
        return true;
      }
    } catch (SSLException e) {
      // It has answered, and is not trusted or wants a certificate; or it does not speak TLS.
      return !(e.getCause() instanceof EOFException || e.getCause() instanceof SocketException)
          && !String.valueOf(e.getMessage()).contains("unrecognized SSL message");
    } catch (IOException | IllegalArgumentException e) {
      return false;
    }
  }
}
