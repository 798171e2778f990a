package io.kdelta.server;

import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.protobuf.ProtoUtils;
import java.util.ArrayList;
import java.util.List;

/** Rebuilds a service so that it refuses requests that nest deeper than the edge allows. Pure. */
final class RecursionLimit {
  private RecursionLimit() {}

  static ServerServiceDefinition apply(ServerServiceDefinition service) {
    List<ServerMethodDefinition<?, ?>> methods = new ArrayList<>();
    for (ServerMethodDefinition<?, ?> method : service.getMethods()) methods.add(limited(method));
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName())
            .setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
    methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder rebuilt = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(rebuilt::addMethod);
    return rebuilt.build();
  }

  private static <Q, R> ServerMethodDefinition<Q, R> limited(ServerMethodDefinition<Q, R> method) {
    MethodDescriptor<Q, R> descriptor = method.getMethodDescriptor();
    return ServerMethodDefinition.create(
        descriptor.toBuilder(
                limited(descriptor.getRequestMarshaller()), descriptor.getResponseMarshaller())
            .build(),
        method.getServerCallHandler());
  }

  private static <Q> MethodDescriptor.Marshaller<Q> limited(
      MethodDescriptor.Marshaller<Q> marshaller) {
    if (!(marshaller instanceof MethodDescriptor.PrototypeMarshaller<Q> known)
        || !(known.getMessagePrototype() instanceof Message prototype)) {
      throw new AssertionError("a request that is no protobuf message");
    }
    // The prototype is a Q, so its marshaller is one of Q too.
    @SuppressWarnings("unchecked")
    MethodDescriptor.Marshaller<Q> limited =
        (MethodDescriptor.Marshaller<Q>)
            ProtoUtils.marshallerWithRecursionLimit(prototype, EdgeLimits.RECURSION_MAX);
    return limited;
  }
}
