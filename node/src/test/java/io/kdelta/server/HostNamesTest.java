package io.kdelta.server;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/**
 * Goal: a name of peers becomes the addresses that it has at that moment. Method: a name server of
 * our own on loopback that answers SRV questions, and hosts that every machine knows; two nodes
 * that find each other by such a name.
 */
final class HostNamesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Answers every question with these SRV records. */
  private static final class NameServer implements AutoCloseable {
    private static final int HEADER = 12;
    private static final int TYPE_SRV = 33;

    private final DatagramSocket socket;
    private final List<Integer> ports = new CopyOnWriteArrayList<>();

    NameServer() throws IOException {
      socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
      Thread.ofPlatform().daemon(true).name("name-server").start(this::serve);
    }

    HostNames names() {
      return new HostNames("dns://127.0.0.1:" + socket.getLocalPort());
    }

    private void serve() {
      try {
        while (true) {
          DatagramPacket question = new DatagramPacket(new byte[512], 512);
          socket.receive(question);
          byte[] answer = answer(Arrays.copyOf(question.getData(), question.getLength()));
          socket.send(new DatagramPacket(answer, answer.length, question.getSocketAddress()));
        }
      } catch (SocketException closed) {
        // The test is over.
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    /** The question again, and behind it one record a port, the later ones preferred. */
    private byte[] answer(byte[] question) throws IOException {
      int end = HEADER;
      while (question[end] != 0) end += question[end] + 1;
      end += 5;
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      out.write(question, 0, 2);
      out.writeShort(ports.isEmpty() ? 0x8183 : 0x8180);
      out.writeShort(1);
      out.writeShort(ports.size());
      out.writeInt(0);
      out.write(question, HEADER, end - HEADER);
      for (int i = 0; i < ports.size(); i++) {
        out.writeShort(0xc000 + HEADER);
        out.writeShort(TYPE_SRV);
        out.writeShort(1);
        out.writeInt(0);
        byte[] host = "localhost".getBytes(StandardCharsets.US_ASCII);
        out.writeShort(6 + host.length + 2);
        out.writeShort(ports.size() - i);
        out.writeShort(5);
        out.writeShort(ports.get(i));
        out.writeByte(host.length);
        out.write(host);
        out.writeByte(0);
      }
      return bytes.toByteArray();
    }

    @Override
    public void close() {
      socket.close();
    }
  }

  @Test
  void recordsAreTakenInTheirOrderAndAskedForAnew() throws Exception {
    try (NameServer server = new NameServer()) {
      HostNames names = server.names();
      server.ports.addAll(List.of(7001, 7002));
      assertEquals(
          List.of("127.0.0.1:7002", "127.0.0.1:7001"), names.resolve("dns+srv:_kdelta._tcp.test"));
      server.ports.clear();
      server.ports.add(7003);
      assertEquals(List.of("127.0.0.1:7003"), names.resolve("dns+srv:_kdelta._tcp.test"));
      server.ports.clear();
      assertThrows(UnknownHostException.class, () -> names.resolve("dns+srv:_kdelta._tcp.test"));
    }
  }

  @Test
  void whatNeedsNoNameServerIsDialledAsItIs() throws Exception {
    HostNames names = new HostNames("dns:");
    assertEquals(List.of("10.1.2.3:7878"), names.resolve("10.1.2.3:7878"));
    assertEquals(List.of("[::1]:7878"), names.resolve("[::1]:7878"));
    assertEquals(List.of("localhost:7878"), names.resolve("localhost:7878"));
    assertThrows(UnknownHostException.class, () -> names.resolve("no-such-host.invalid:7878"));
  }

  @Test
  void aNodeFindsItsPeerByAServiceAndTheServiceMayChange() throws Exception {
    try (NameServer server = new NameServer();
        NodeServer first = start("first", "", server)) {
      // At first the service names nobody who is there.
      server.ports.add(1);
      try (NodeServer second = start("second", "dns+srv:_kdelta._tcp.test", server)) {
        server.ports.clear();
        server.ports.add(first.address().port());
        await().atMost(PATIENCE).until(() -> second.linkedPeers() == 1);
        assertTrue(first.linkedPeers() == 1);
      }
    }
  }

  private static NodeServer start(String name, String join, NameServer server) throws CannotStart {
    Map<String, String> flags =
        Map.of("name", name, "port", "0", "http", "none", "in-memory", "true", "join", join);
    return NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {}, server.names());
  }
}
