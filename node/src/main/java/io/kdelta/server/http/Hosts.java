package io.kdelta.server.http;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * By which names the port may be called. A page of another site can make a name of its own point
 * here (DNS rebinding), and then asks under that name; so a name has to be one that people gave to
 * this node. Addresses are no names: beyond loopback any will do. Over TLS any name will do, too,
 * for a browser asks the certificate first. Immutable.
 */
final class Hosts {
  private static final String LOCAL = "localhost";
  private static final String IPV4 = "\\d{1,3}(\\.\\d{1,3}){3}";

  private final boolean loopback;
  private final boolean encrypted;
  private final Set<String> names = new TreeSet<>();

  /**
   * Those of a port.
   *
   * @param bound where it listens
   * @param encrypted whether it speaks TLS
   * @param given further names; one that begins with a dot stands for all below it
   */
  Hosts(InetSocketAddress bound, boolean encrypted, List<String> given) {
    InetAddress address = bound.getAddress();
    this.loopback = address != null && address.isLoopbackAddress();
    this.encrypted = encrypted;
    names.add(LOCAL);
    names.add(bound.getHostString().toLowerCase(Locale.ROOT));
    for (String name : given) names.add(name.toLowerCase(Locale.ROOT));
  }

  /** Whether a request may name this host, in small letters, with or without a port. */
  boolean admit(String host) {
    String name = name(host);
    if (names.contains(name) || below(name)) return true;
    boolean address = name.matches(IPV4) || name.startsWith("[");
    if (loopback) return address && (name.startsWith("127.") || name.equals("[::1]"));
    return encrypted || address;
  }

  private boolean below(String name) {
    for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      if (dot > 0 && names.contains(name.substring(dot))) return true;
    }
    return false;
  }

  /** Without the port. */
  private static String name(String host) {
    int colon = host.lastIndexOf(':');
    return colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
  }

  /** What is to be done about one that is not admitted. */
  String hint() {
    return loopback
        ? "write http://127.0.0.1:PORT, or start the node with --http-host NAME"
        : "write its address, or start the node with --http-host NAME";
  }

  @Override
  public String toString() {
    return String.join(", ", names);
  }
}
