package io.kdelta.wire;

import io.grpc.Context;
import io.grpc.Metadata;
import java.util.List;
import java.util.Optional;

/**
 * Who traces a call: the header {@code traceparent} of W3C Trace Context. Whatever is no such
 * header is as if there was none, as the standard says: a call never fails by it, and no log
 * repeats it. Immutable.
 *
 * @param traceId 32 hexadecimal digits, lower case
 * @param spanId 16, of whoever made the call
 */
public record TraceParent(String traceId, String spanId) {
  /** The header, in gRPC and in HTTP. */
  public static final String HEADER = "traceparent";

  /** The same for gRPC. */
  public static final Metadata.Key<String> METADATA =
      Metadata.Key.of(HEADER, Metadata.ASCII_STRING_MARSHALLER);

  /** Of the call under way, if somebody traces it. */
  public static final Context.Key<Call> CALL = Context.key("kdelta-trace");

  /** Of version 00; later ones may be longer. */
  private static final int LENGTH = 55;

  private static final int LENGTH_MAX = 256;
  private static final int TRACE_AT = 3;
  private static final int SPAN_AT = 36;
  private static final int FLAGS_AT = 53;
  private static final int SAMPLED = 1;

  /**
   * A call that is traced.
   *
   * @param method its name in the log, one of a few
   */
  public record Call(TraceParent parent, String method) {}

  /**
   * What these headers of one name say; empty unless there is exactly one, it is well-formed, and
   * its trace is sampled.
   */
  public static Optional<TraceParent> sampled(Iterable<String> headers) {
    String only = null;
    for (String header : headers) {
      if (only != null) return Optional.empty();
      only = header;
    }
    return only == null ? Optional.empty() : sampled(only);
  }

  /** The same of one header. */
  public static Optional<TraceParent> sampled(String text) {
    if (!wellFormed(text)) return Optional.empty();
    String trace = text.substring(TRACE_AT, SPAN_AT - 1);
    String span = text.substring(SPAN_AT, FLAGS_AT - 1);
    int flags = Character.digit(text.charAt(FLAGS_AT + 1), 16);
    boolean sampled = (flags & SAMPLED) != 0;
    if (!sampled || zero(trace) || zero(span)) return Optional.empty();
    return Optional.of(new TraceParent(trace, span));
  }

  /** The header for calls that this span makes. */
  public String text() {
    return "00-" + traceId + "-" + spanId + "-01";
  }

  private static boolean wellFormed(String text) {
    if (text.length() < LENGTH || text.length() > LENGTH_MAX) return false;
    for (int at : List.of(TRACE_AT - 1, SPAN_AT - 1, FLAGS_AT - 1)) {
      if (text.charAt(at) != '-') return false;
    }
    boolean digits =
        hex(text, 0, TRACE_AT - 1)
            && hex(text, TRACE_AT, SPAN_AT - 1)
            && hex(text, SPAN_AT, FLAGS_AT - 1)
            && hex(text, FLAGS_AT, LENGTH);
    if (!digits || text.startsWith("ff")) return false;
    // A later version begins like this one, and goes on after another dash.
    return text.length() == LENGTH || (!text.startsWith("00") && text.charAt(LENGTH) == '-');
  }

  private static boolean hex(String text, int from, int end) {
    for (int i = from; i < end; i++) {
      char c = text.charAt(i);
      if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return false;
    }
    return true;
  }

  private static boolean zero(String digits) {
    return digits.chars().allMatch(c -> c == '0');
  }
}
