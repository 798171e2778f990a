package io.kdelta.server;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import javax.naming.Context;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;

/**
 * What the name of a peer stands for now: a host of one or several addresses, as a headless service
 * has them, or {@code dns+srv:NAME}, whose records tell hosts and ports (RFC 2782). Asks the
 * resolver of the system, or with SRV that of the JDK; blocks. Thread-safe.
 */
final class HostNames implements PeerStreams.Names {
  /** Before a name that is to be asked for SRV records. */
  static final String SRV = "dns+srv:";

  private static final String TIMEOUT_MILLIS = "2000";
  private static final String ATTEMPTS = "2";
  private static final int RECORDS_MAX = 256;
  private static final int RECORD_WORDS = 4;

  private final String servers;

  /** {@code servers}: where SRV records are asked for; {@code dns:} for those of the system. */
  HostNames(String servers) {
    this.servers = servers;
  }

  /** One line of an answer. */
  private record Service(int priority, int weight, int port, String host) {}

  @Override
  public List<String> resolve(String peer) throws UnknownHostException {
    if (peer.startsWith(SRV)) return services(peer.substring(SRV.length()));
    Address address = Address.parse("peer", peer);
    if (isLiteral(address.host())) return List.of(peer);
    InetAddress[] all = InetAddress.getAllByName(address.host());
    // All of them are this machine in the words of two protocols: whichever answers will do.
    if (isLocalhost(all)) return List.of(peer);
    return addresses(all, address.port());
  }

  private List<String> services(String name) throws UnknownHostException {
    List<String> found = new ArrayList<>();
    for (Service record : records(name)) {
      InetAddress[] all = InetAddress.getAllByName(record.host());
      List<String> addresses = addresses(all, record.port());
      found.addAll(isLocalhost(all) ? addresses.subList(0, 1) : addresses);
    }
    if (found.isEmpty()) throw new UnknownHostException(name + " has no SRV records");
    return found;
  }

  /** The records of a name, those that are to be tried first in front. */
  @SuppressWarnings("BanJNDI") // Text attributes of the DNS provider: nothing is deserialized.
  private List<Service> records(String name) throws UnknownHostException {
    Properties settings = new Properties();
    settings.setProperty(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
    settings.setProperty(Context.PROVIDER_URL, servers);
    settings.setProperty("com.sun.jndi.dns.timeout.initial", TIMEOUT_MILLIS);
    settings.setProperty("com.sun.jndi.dns.timeout.retries", ATTEMPTS);
    List<Service> records = new ArrayList<>();
    try {
      InitialDirContext context = new InitialDirContext(settings);
      try {
        Attribute told = context.getAttributes(name, new String[] {"SRV"}).get("SRV");
        int count = told == null ? 0 : Math.min(told.size(), RECORDS_MAX);
        for (int i = 0; i < count; i++) records.add(record(String.valueOf(told.get(i))));
      } finally {
        context.close();
      }
    } catch (NamingException e) {
      UnknownHostException unknown = new UnknownHostException(name + ": " + e);
      unknown.initCause(e);
      throw unknown;
    }
    records.sort(
        Comparator.comparingInt(Service::priority)
            .thenComparing(Comparator.comparingInt(Service::weight).reversed()));
    return records;
  }

  /** Reads {@code priority weight port host}, as the JDK writes a record. */
  private static Service record(String text) throws UnknownHostException {
    String[] words = text.strip().split(" +", -1);
    try {
      if (words.length != RECORD_WORDS) throw new NumberFormatException("words");
      int port = Integer.parseInt(words[2]);
      // Whole names end with a dot on the wire, and not in the files of hosts.
      String host =
          words[3].endsWith(".") ? words[3].substring(0, words[3].length() - 1) : words[3];
      return new Service(Integer.parseInt(words[0]), Integer.parseInt(words[1]), port, host);
    } catch (NumberFormatException e) {
      throw new UnknownHostException("an SRV record that cannot be read: " + text);
    }
  }

  private static List<String> addresses(InetAddress[] all, int port) {
    List<String> addresses = new ArrayList<>();
    for (InetAddress one : all) addresses.add(new Address(one.getHostAddress(), port).toString());
    return addresses;
  }

  /** Whether this is one place on loopback; two addresses of one protocol are two places. */
  private static boolean isLocalhost(InetAddress[] all) {
    Set<Integer> lengths = new TreeSet<>();
    for (InetAddress one : all) {
      if (!one.isLoopbackAddress() || !lengths.add(one.getAddress().length)) return false;
    }
    return true;
  }

  private static boolean isLiteral(String host) {
    return host.indexOf(':') >= 0 || host.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
  }
}
