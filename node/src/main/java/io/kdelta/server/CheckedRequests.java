package io.kdelta.server;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Message;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.KnownLength;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kdelta.error.KdeltaException;
import io.kdelta.wire.StatusMapping;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Rebuilds a service so that a request which is no message, nests too deep, has too many fields or
 * unpacks to too much is refused with a typed error. gRPC itself would call each of them a failure
 * of the application, tell the client nothing, and write a stack trace into the log. Pure.
 */
final class CheckedRequests {
  /** A smaller message cannot become anything large, whatever its fields are. */
  private static final int COUNTED_BYTES_MIN = 16 << 10;

  /** What a request has become that is none. */
  private record Refusal(StatusRuntimeException error) {}

  private CheckedRequests() {}

  static ServerServiceDefinition apply(ServerServiceDefinition service) {
    List<ServerMethodDefinition<?, ?>> methods = new ArrayList<>();
    for (ServerMethodDefinition<?, ?> method : service.getMethods()) methods.add(checked(method));
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName())
            .setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
    methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder rebuilt = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(rebuilt::addMethod);
    return rebuilt.build();
  }

  /**
   * The message that these bytes are, which the caller gives up; Invalid for what is none, too
   * deep, or of too many fields.
   */
  @SuppressWarnings("unchecked") // A parser makes what its prototype is.
  static <Q extends Message> Q read(Q prototype, byte[] bytes) {
    try {
      if (bytes.length > COUNTED_BYTES_MIN) {
        RequestBounds.check(prototype.getDescriptorForType(), CodedInputStream.newInstance(bytes));
      }
      // Nobody writes to them any more: what the message holds of them stays where it lies.
      CodedInputStream in = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
      in.enableAliasing(true);
      in.setRecursionLimit(EdgeLimits.RECURSION_MAX);
      Message request = prototype.getParserForType().parseFrom(in);
      in.checkLastTagWas(0);
      return (Q) request;
    } catch (IOException e) {
      throw new KdeltaException.Invalid("request", "cannot be read: " + e.getMessage());
    }
  }

  /** The bytes of a message. No longer than the limit: gRPC counts as it unpacks. */
  static byte[] all(InputStream stream) throws IOException {
    if (!(stream instanceof KnownLength)) return stream.readAllBytes();
    byte[] bytes = new byte[stream.available()];
    if (stream.readNBytes(bytes, 0, bytes.length) < bytes.length || stream.read() != -1) {
      throw new IOException("the message is not of the length that it is said to have");
    }
    return bytes;
  }

  private static <Q, R> ServerMethodDefinition<Object, R> checked(
      ServerMethodDefinition<Q, R> method) {
    MethodDescriptor<Q, R> descriptor = method.getMethodDescriptor();
    if (!(descriptor.getRequestMarshaller()
            instanceof MethodDescriptor.PrototypeMarshaller<?> known)
        || !(known.getMessagePrototype() instanceof Message prototype)) {
      throw new AssertionError("a request that is no protobuf message");
    }
    return ServerMethodDefinition.create(
        descriptor.toBuilder(new Checking(prototype), descriptor.getResponseMarshaller()).build(),
        handler(method.getServerCallHandler()));
  }

  private static <Q, R> ServerCallHandler<Object, R> handler(ServerCallHandler<Q, R> handler) {
    return new ServerCallHandler<>() {
      @Override
      public ServerCall.Listener<Object> startCall(ServerCall<Object, R> call, Metadata headers) {
        // Requests come by the listener alone: the call is the same whatever they are.
        @SuppressWarnings("unchecked")
        ServerCall<Q, R> same = (ServerCall<Q, R>) call;
        return new Sorting<>(call, handler.startCall(same, headers));
      }
    };
  }

  /** Hands on what is a request; refuses the call at the first that is none. */
  private static final class Sorting<Q> extends ServerCall.Listener<Object> {
    private final ServerCall<Object, ?> call;
    private final ServerCall.Listener<Q> next;
    private boolean refused;

    Sorting(ServerCall<Object, ?> call, ServerCall.Listener<Q> next) {
      this.call = call;
      this.next = next;
    }

    @Override
    @SuppressWarnings("unchecked") // The marshaller makes requests and refusals only.
    public void onMessage(Object message) {
      if (refused) return;
      if (message instanceof Refusal refusal) refuse(refusal.error());
      else next.onMessage((Q) message);
    }

    private void refuse(StatusRuntimeException error) {
      refused = true;
      // Whoever carries the call out lets go of it first, as if the client had gone: it may say
      // nothing any more on a call that is closed.
      next.onCancel();
      Metadata trailers = error.getTrailers();
      call.close(error.getStatus(), trailers == null ? new Metadata() : trailers);
    }

    @Override
    public void onHalfClose() {
      if (!refused) next.onHalfClose();
    }

    @Override
    public void onCancel() {
      if (!refused) next.onCancel();
    }

    @Override
    public void onComplete() {
      if (!refused) next.onComplete();
    }

    @Override
    public void onReady() {
      if (!refused) next.onReady();
    }
  }

  /** Reads requests, and what cannot be one as {@link Refusal}. */
  private record Checking(Message prototype) implements MethodDescriptor.Marshaller<Object> {
    @Override
    public InputStream stream(Object request) {
      throw new AssertionError("a server sends no requests");
    }

    @Override
    public Object parse(InputStream stream) {
      try {
        return read(prototype, all(stream));
      } catch (KdeltaException.Invalid e) {
        return new Refusal(StatusMapping.toGrpc(e));
      } catch (StatusRuntimeException e) {
        // What is packed grows beyond the limit.
        if (e.getStatus().getCode() != Status.Code.RESOURCE_EXHAUSTED) throw e;
        return new Refusal(e);
      } catch (IOException e) {
        return new Refusal(
            StatusMapping.toGrpc(
                new KdeltaException.Invalid("request", "cannot be unpacked: " + e.getMessage())));
      }
    }
  }
}
