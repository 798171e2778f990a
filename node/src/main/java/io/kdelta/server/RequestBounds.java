package io.kdelta.server;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.kdelta.error.KdeltaException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Counts the fields of a request before anything is made of them: a field of two bytes can become
 * an object of a hundred, so that a message within its limit of bytes would fill a small heap.
 *
 * <p>One pass over the bytes, without garbage. One thread.
 */
final class RequestBounds {
  private final CodedInputStream in;
  private int fields;

  private RequestBounds(CodedInputStream in) {
    this.in = in;
  }

  /**
   * Throws {@link KdeltaException.Invalid} when the message has more fields than any may have.
   *
   * @throws InvalidProtocolBufferException when it is no message
   */
  static void check(Descriptor type, CodedInputStream in) throws IOException {
    new RequestBounds(in).walk(type, false, 0);
  }

  /** {@code type}: null where nothing is known of the fields, as in those that are unknown. */
  private void walk(@Nullable Descriptor type, boolean group, int depth) throws IOException {
    if (depth > EdgeLimits.RECURSION_MAX) {
      throw invalid("nests deeper than " + EdgeLimits.RECURSION_MAX + " messages");
    }
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (++fields > EdgeLimits.FIELDS_MAX) {
        throw invalid("has more than " + EdgeLimits.FIELDS_MAX + " fields; send several");
      }
      switch (WireFormat.getTagWireType(tag)) {
        case WireFormat.WIRETYPE_LENGTH_DELIMITED -> {
          int size = in.readRawVarint32();
          FieldDescriptor field =
              type == null ? null : type.findFieldByNumber(WireFormat.getTagFieldNumber(tag));
          if (field != null && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
            int outer = in.pushLimit(size);
            walk(field.getMessageType(), false, depth + 1);
            in.popLimit(outer);
          } else {
            in.skipRawBytes(size);
          }
        }
        case WireFormat.WIRETYPE_START_GROUP -> walk(null, true, depth + 1);
        case WireFormat.WIRETYPE_END_GROUP -> {
          if (!group) throw invalid("ends a group that it has not begun");
          return;
        }
        default -> {
          if (!in.skipField(tag)) throw invalid("is not protobuf");
        }
      }
    }
  }

  private static KdeltaException.Invalid invalid(String reason) {
    return new KdeltaException.Invalid("request", reason);
  }
}
