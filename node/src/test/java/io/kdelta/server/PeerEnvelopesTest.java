package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.KnownLength;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.Envelope;
import io.kdelta.wire.Payload;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

/**
 * Goal: what a dialled peer says is read as it was said, and what is no message ends the call with
 * a typed status. Method: envelopes by way of streams that know their length, that do not, and that
 * lie about it.
 */
final class PeerEnvelopesTest {
  /** A message as gRPC hands it over when it came in plain. */
  private static class Plain extends ByteArrayInputStream implements KnownLength {
    Plain(byte[] bytes) {
      super(bytes);
    }
  }

  /** One that ends earlier, or later, than it says. */
  private static final class Lying extends Plain {
    private final int said;

    Lying(byte[] bytes, int said) {
      super(bytes);
      this.said = said;
    }

    @Override
    public synchronized int available() {
      return said;
    }
  }

  private static Envelope envelope(int bytes) {
    byte[] payload = new byte[bytes];
    for (int i = 0; i < bytes; i++) payload[i] = (byte) (i * 13);
    return Envelope.newBuilder()
        .setPayload(Payload.string(Bytes.wrap(payload)))
        .setPriority(Envelope.Priority.BULK)
        .addTraces(Envelope.Trace.newBuilder().setParent("00-ab"))
        .build();
  }

  private static Envelope read(InputStream stream) {
    return PeerEnvelopes.EXCHANGE.parseResponse(stream);
  }

  @Test
  void whatWasSaidIsRead() throws IOException {
    for (int bytes : new int[] {0, 1, 100, 70_000, 1 << 20}) {
      Envelope said = envelope(bytes);
      byte[] wire = said.toByteArray();
      assertEquals(said, read(new Plain(wire)));
      assertEquals(said, read(new ByteArrayInputStream(wire)));
      assertArrayEquals(
          wire, PeerEnvelopes.EXCHANGE.streamResponse(said).readAllBytes(), "and said again");
    }
  }

  @Test
  void whatIsNoMessageIsRefused() {
    byte[] wire = envelope(100).toByteArray();
    byte[] cut = Bytes.wrap(wire).slice(0, wire.length - 1).toArray();
    for (InputStream stream :
        new InputStream[] {
          new Plain(cut),
          new ByteArrayInputStream(cut),
          new Lying(wire, wire.length + 1),
          new Lying(wire, wire.length - 1),
          new Plain(new byte[] {(byte) 0xFF})
        }) {
      StatusRuntimeException refused =
          assertThrows(StatusRuntimeException.class, () -> read(stream));
      assertEquals(Status.Code.INTERNAL, refused.getStatus().getCode());
    }
  }
}
