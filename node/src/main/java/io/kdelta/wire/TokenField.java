package io.kdelta.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.kdelta.causal.CausalToken;
import io.kdelta.memory.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * The causal token on the wire: field 15 of every request and reply about the data, and a trailer
 * of the errors that tell something of it. Pure.
 */
public final class TokenField {
  /** The trailer of errors. */
  public static final Metadata.Key<byte[]> TRAILER =
      Metadata.Key.of("kdelta-causal-token-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private static final int NUMBER = 15;
  private static final String NAME = "causal_token";

  private TokenField() {}

  /** The token of a request; Invalid when it is none. */
  public static CausalToken read(ByteString field) {
    if (field.isEmpty()) return CausalToken.NONE;
    return CausalToken.decode(Bytes.wrap(field.toByteArray()));
  }

  /** The message with the token, where there is one and the message has room for it. */
  public static <T extends Message> T with(T message, CausalToken token) {
    Bytes bytes = token.encode();
    return bytes.isEmpty() ? message : with(message, ByteString.copyFrom(bytes.buffer()));
  }

  /** The message with these bytes as its token, where it has room for one. */
  @SuppressWarnings("unchecked") // A builder builds what it was made of.
  public static <T extends Message> T with(T message, ByteString token) {
    FieldDescriptor field = field(message);
    return field == null ? message : (T) message.toBuilder().setField(field, token).build();
  }

  /** The token of a message as bytes; none when it has none. */
  public static ByteString of(Message message) {
    FieldDescriptor field = field(message);
    return field == null ? ByteString.EMPTY : (ByteString) message.getField(field);
  }

  /** The trailers of an error, with its token. */
  public static Metadata trailers(Metadata trailers, CausalToken token) {
    if (!token.isEmpty()) trailers.put(TRAILER, token.encode().toArray());
    return trailers;
  }

  private static @Nullable FieldDescriptor field(Message message) {
    FieldDescriptor field = message.getDescriptorForType().findFieldByNumber(NUMBER);
    return field == null || !field.getName().equals(NAME) ? null : field;
  }
}
