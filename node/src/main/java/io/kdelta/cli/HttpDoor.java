package io.kdelta.cli;

import com.google.protobuf.Message;
import com.google.rpc.Status;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.kdelta.client.TokenCarrier;
import io.kdelta.error.KdeltaException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP port of one server as a way to make calls of the contract: the messages and the errors
 * are those of gRPC, and none of its transport is loaded, which takes most of a second. One thread.
 */
final class HttpDoor implements Door {
  private static final String PROTOBUF = "application/protobuf";

  private final String server;
  private final TokenCarrier session;

  HttpDoor(String server, TokenCarrier session) {
    this.server = server;
    this.session = session;
  }

  @Override
  public <Q extends Message, R> @Nullable R call(
      MethodDescriptor<Q, R> method, Q request, long deadline) {
    HttpLine line = HttpLine.to(server, deadline);
    if (line == null) return null;
    StringBuilder headers = new StringBuilder(256);
    headers.append("Content-Type: ").append(PROTOBUF).append("\r\n");
    String seen = TokenFile.text(session.token());
    if (!seen.isEmpty()) headers.append("Kdelta-Token: ").append(seen).append("\r\n");
    String target = "POST /v1/call/" + method.getFullMethodName();
    HttpLine.Answer answer;
    try {
      answer = line.ask(target, headers.toString(), request.toByteArray());
    } catch (SocketTimeoutException e) {
      throw io.grpc.Status.DEADLINE_EXCEEDED.withCause(e).asRuntimeException();
    }
    // Also of a node that does not know the call: gRPC has them all.
    if (answer == null || !answer.header("Content-Type").equals(PROTOBUF)) return null;
    String told = answer.header("Kdelta-Token");
    if (!told.isEmpty()) learn(told);
    if (answer.status() != 200) throw failure(answer.body());
    return method.parseResponse(new ByteArrayInputStream(answer.body()));
  }

  private void learn(String told) {
    try {
      session.learn(TokenFile.parse(told));
    } catch (KdeltaException.Invalid e) {
      // Of a later version of kdelta: nothing of what was seen holds any more.
      session.forget();
    }
  }

  private static StatusRuntimeException failure(byte[] status) {
    try {
      StatusRuntimeException told = StatusProto.toStatusRuntimeException(Status.parseFrom(status));
      // By gRPC it is the client that sees its time end, whatever a node then says.
      return told.getStatus().getCode() == io.grpc.Status.Code.DEADLINE_EXCEEDED
          ? io.grpc.Status.DEADLINE_EXCEEDED.withCause(told).asRuntimeException()
          : told;
    } catch (IOException e) {
      return io.grpc.Status.INTERNAL
          .withDescription("an error that is none")
          .withCause(e)
          .asRuntimeException();
    }
  }
}
