package io.kdelta.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The servers that a client may talk to, in order.
 *
 * @param addresses HOST:PORT each; at least one
 * @param origin who said so, for the message when none answers
 */
record Servers(List<String> addresses, String origin) {
  /** A name, an IPv4 address or one of IPv6, in brackets where a port follows. */
  private static final Pattern ADDRESS =
      Pattern.compile("(\\[[0-9A-Za-z:.%_-]+\\]|[^\\s\\[\\]/@?#:]*)(:[^\\s\\[\\]/:]*)*");

  static final int PORT_DEFAULT = 7878;
  static final String DEFAULT = "127.0.0.1:" + PORT_DEFAULT;

  /** Reads a comma-separated list; a host without a port means 7878. */
  static Servers parse(String text, String origin) {
    List<String> addresses = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String address = part.strip();
      if (!address.isEmpty()) addresses.add(withPort(address, origin));
    }
    if (addresses.isEmpty()) {
      throw CliException.usage("no server named by " + origin, "kdelta -s 127.0.0.1:7878 ...");
    }
    return new Servers(List.copyOf(addresses), origin);
  }

  private static String withPort(String address, String origin) {
    if (!ADDRESS.matcher(address).matches()) throw refused(address, origin);
    boolean bareIpv6 = address.indexOf(':') != address.lastIndexOf(':') && !address.contains("]");
    int colon = bareIpv6 ? -1 : address.lastIndexOf(':');
    if (bareIpv6) return "[" + address + "]:" + PORT_DEFAULT;
    if (colon <= address.lastIndexOf(']')) return address + ":" + PORT_DEFAULT;
    String port = address.substring(colon + 1);
    if (colon == 0 || !number(port) || Integer.parseInt(port) > 65_535) {
      throw refused(address, origin);
    }
    return address;
  }

  private static CliException refused(String address, String origin) {
    return CliException.usage(
        "'" + address + "' (" + origin + ") is no address: write HOST:PORT", null);
  }

  private static boolean number(String port) {
    if (port.isEmpty() || port.length() > 5) return false;
    for (int i = 0; i < port.length(); i++) {
      if (port.charAt(i) < '0' || port.charAt(i) > '9') return false;
    }
    return true;
  }
}
