package io.kdelta.server;

import io.kdelta.error.KdeltaException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * A host and a port, as people write them.
 *
 * @param host a name or an IP address, without brackets
 * @param port 0 to 65,535; 0 lets the system choose
 */
public record Address(String host, int port) {
  /** The port of a node that names none. */
  public static final int PORT_DEFAULT = 7878;

  /** Where all of a machine's addresses are meant, as a text. */
  private static final String LOOPBACK = "127.0.0.1";

  public Address {
    if (host.isEmpty()) throw new KdeltaException.Invalid("address", "has no host");
    if (port < 0 || port > 65_535) {
      throw new KdeltaException.Invalid("address", "port " + port + " is not from 0 to 65535");
    }
  }

  static Address loopback(int port) {
    return new Address(LOOPBACK, port);
  }

  /**
   * Reads {@code HOST:PORT}, {@code HOST} or {@code [IPV6]:PORT}.
   *
   * @param field the setting, for the error
   */
  public static Address parse(String field, String text) {
    boolean bareIpv6 = text.indexOf(':') != text.lastIndexOf(':') && !text.startsWith("[");
    int colon = bareIpv6 ? -1 : text.lastIndexOf(':');
    if (colon <= text.lastIndexOf(']')) colon = -1;
    String host = colon < 0 ? text : text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) host = host.substring(1, host.length() - 1);
    if (host.isEmpty()) {
      throw new KdeltaException.Invalid(field, "'" + text + "' is not HOST:PORT");
    }
    if (colon < 0) return new Address(host, PORT_DEFAULT);
    try {
      return new Address(host, Integer.parseInt(text.substring(colon + 1)));
    } catch (NumberFormatException e) {
      throw new KdeltaException.Invalid(field, "'" + text + "' is not HOST:PORT");
    }
  }

  Address withPort(int other) {
    return new Address(host, other);
  }

  /** Whether only this machine can reach it. */
  boolean loopback() {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /** The address to bind or to connect to; Invalid when the host is unknown. */
  InetSocketAddress resolve(String field) {
    InetSocketAddress socket = new InetSocketAddress(host, port);
    if (socket.isUnresolved()) {
      throw new KdeltaException.Invalid(field, "the host '" + host + "' is unknown");
    }
    return socket;
  }

  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
