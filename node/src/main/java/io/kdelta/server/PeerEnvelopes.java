package io.kdelta.server;

import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.Envelope;
import io.kdelta.proto.v1.PeerGrpc;
import java.io.IOException;
import java.io.InputStream;

/**
 * Reads what a dialled peer says the way requests are read ({@link CheckedRequests}): within
 * bounds, and without a copy of the payload, which would be a third of the work of taking a
 * snapshot's pieces from the network. Pure.
 */
final class PeerEnvelopes implements MethodDescriptor.Marshaller<Envelope> {
  /** The method of peers, read so by the one who dials. */
  static final MethodDescriptor<Envelope, Envelope> EXCHANGE =
      PeerGrpc.getExchangeMethod().toBuilder().setResponseMarshaller(new PeerEnvelopes()).build();

  private PeerEnvelopes() {}

  @Override
  public InputStream stream(Envelope envelope) {
    return PeerGrpc.getExchangeMethod().streamResponse(envelope);
  }

  @Override
  public Envelope parse(InputStream stream) {
    try {
      return CheckedRequests.read(Envelope.getDefaultInstance(), CheckedRequests.all(stream));
    } catch (KdeltaException.Invalid | IOException e) {
      throw Status.INTERNAL.withDescription("no peer message").withCause(e).asRuntimeException();
    }
  }
}
