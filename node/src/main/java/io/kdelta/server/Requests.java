package io.kdelta.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.kdelta.causal.ContentType;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.causal.Version;
import io.kdelta.cluster.AckLevel;
import io.kdelta.core.Command;
import io.kdelta.document.CanonicalJson;
import io.kdelta.document.Choice;
import io.kdelta.document.Moment;
import io.kdelta.document.Precondition;
import io.kdelta.document.Write;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.At;
import io.kdelta.proto.v1.BatchWriteRequest;
import io.kdelta.proto.v1.DeleteRequest;
import io.kdelta.proto.v1.ImportVersionsRequest;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.ResolveRequest;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Requests as commands: names are checked, documents made canonical, limits held. Everything here
 * runs at the edge, on any thread, and throws {@link KdeltaException.Invalid} with the place.
 */
final class Requests {
  private static final int VERSION_DIGITS_MIN = 4;
  private static final int STEPS_BACK_MAX = 1_000_000;

  private final CanonicalJson json;

  Requests(int documentBytesMax) {
    this.json = new CanonicalJson(documentBytesMax);
  }

  Command put(PutRequest request) {
    Precondition precondition =
        precondition(
            request.hasIfState() ? request.getIfState() : null,
            request.hasIfAbsent() && request.getIfAbsent());
    return new Command.Put(
        write(writable(request.getNamespace(), request.getKey()), request.getValue())
            .when(precondition)
            .over(ids("parents", request.getParentsList())),
        new Command.Terms(request.getRequestId(), request.getNote(), level(request.getAck())));
  }

  Command delete(DeleteRequest request) {
    return new Command.Delete(
        writable(request.getNamespace(), request.getKey()),
        precondition(request.getIfState().isEmpty() ? null : request.getIfState(), false),
        ids("parents", request.getParentsList()),
        new Command.Terms(request.getRequestId(), request.getNote(), level(request.getAck())));
  }

  Command batch(BatchWriteRequest request) {
    List<Write> items = new ArrayList<>(request.getOperationsCount());
    for (BatchWriteRequest.Operation operation : request.getOperationsList()) {
      try {
        items.add(item(operation));
      } catch (KdeltaException.Invalid e) {
        throw new KdeltaException.Invalid(
            "operation " + (items.size() + 1) + ", " + e.field(), e.reason());
      }
    }
    return new Command.Batch(
        items, new Command.Terms(request.getRequestId(), "", level(request.getAck())));
  }

  private Write item(BatchWriteRequest.Operation operation) {
    Key key = writable(operation.getNamespace(), operation.getKey());
    Write write =
        switch (operation.getKind()) {
          case PUT -> write(key, operation.getValue());
          case DELETE -> Write.delete(key);
          case KIND_UNSPECIFIED, UNRECOGNIZED ->
              throw new KdeltaException.Invalid("kind", "neither put nor delete");
        };
    return write
        .because(operation.getNote())
        .when(
            precondition(
                operation.hasIfState() ? operation.getIfState() : null,
                operation.hasIfAbsent() && operation.getIfAbsent()));
  }

  Command resolve(ResolveRequest request) {
    Choice choice =
        switch (request.getHowCase()) {
          case TAKE -> new Choice.Take(prefix("take", request.getTake()));
          case VALUE -> new Choice.Value(document(request.getValue()));
          case MERGE -> new Choice.Merge();
          case HOW_NOT_SET ->
              throw new KdeltaException.Invalid("how", "is missing: take, value or merge");
        };
    return new Command.Resolve(
        writable(request.getNamespace(), request.getKey()),
        choice,
        request.getDryRun(),
        Precondition.NONE,
        new Command.Terms(request.getRequestId(), request.getNote(), level(request.getAck())));
  }

  Command importVersions(ImportVersionsRequest request) {
    if (request.getVersionsCount() > EdgeLimits.IMPORT_VERSIONS_MAX) {
      throw new KdeltaException.Invalid(
          "versions",
          request.getVersionsCount()
              + " in one request; at most "
              + EdgeLimits.IMPORT_VERSIONS_MAX);
    }
    List<Envelope> envelopes = new ArrayList<>(request.getVersionsCount());
    for (ImportVersionsRequest.Whole whole : request.getVersionsList()) {
      Version version = Version.decode(bytes(whole.getVersion()));
      if (version.key().system()) throw systemNamespace(version.key());
      Bytes content = bytes(whole.getContent());
      if (version.contentType() == ContentType.JSON && !json.isCanonical(content)) {
        throw new KdeltaException.Invalid("content of " + version.key(), "not canonical JSON");
      }
      envelopes.add(new Envelope(version, List.of(), null, content, Bytes.EMPTY));
    }
    return new Command.ImportVersions(envelopes, level(request.getAck()));
  }

  /** A key that clients may read. */
  static Key key(String namespace, String key) {
    return new Key(namespace, key);
  }

  /** A namespace to look into; empty means all where {@code orAll}. */
  static String namespace(String namespace, boolean orAll) {
    if (!(orAll && namespace.isEmpty())) Key.checkNamespace(namespace);
    return namespace;
  }

  static Moment at(At at) {
    return switch (at.getMomentCase()) {
      case TIME -> new Moment.Time(micros("at", at.getTime()));
      case VERSION -> new Moment.Id(prefix("at", at.getVersion()));
      case STEPS_BACK -> {
        int steps = at.getStepsBack();
        if (steps < 0 || steps > STEPS_BACK_MAX) {
          throw new KdeltaException.Invalid("at", "more than " + STEPS_BACK_MAX + " steps back");
        }
        yield new Moment.Back(steps);
      }
      case STABLE -> at.getStable() ? new Moment.Stable() : new Moment.Latest();
      case MOMENT_NOT_SET -> new Moment.Latest();
    };
  }

  /** Microseconds of 1970; a time outside 1970 to 2112 is Invalid. */
  static long micros(String field, Timestamp time) {
    boolean sane = time.getNanos() >= 0 && time.getNanos() < 1_000_000_000;
    long most = io.kdelta.causal.Timestamp.MICROS_MAX / 1_000_000L;
    if (!sane || time.getSeconds() < 0 || time.getSeconds() > most) {
      throw new KdeltaException.Invalid(field, "the time is not within 1970 to 2112");
    }
    return time.getSeconds() * 1_000_000L + time.getNanos() / 1_000;
  }

  /** A version id or the start of one, in lower case. */
  static String prefix(String field, String text) {
    boolean digits = text.chars().allMatch(c -> Character.digit(c, 16) >= 0 && c < 128);
    if (!digits || text.length() < VERSION_DIGITS_MIN || text.length() > Digest.NIBBLES) {
      throw new KdeltaException.Invalid(
          field,
          "'" + brief(text) + "' is not " + VERSION_DIGITS_MIN + " to 64 hexadecimal digits");
    }
    return text.toLowerCase(java.util.Locale.ROOT);
  }

  static int pageSize(int asked, int otherwise, int most) {
    // Unsigned on the wire; whatever does not fit an int is more than the most.
    return asked == 0 ? otherwise : asked < 0 ? most : Math.min(asked, most);
  }

  private static Key writable(String namespace, String key) {
    Key name = new Key(namespace, key);
    if (name.system()) throw systemNamespace(name);
    return name;
  }

  private static KdeltaException.Invalid systemNamespace(Key key) {
    return new KdeltaException.Invalid(
        "namespace", "'" + key.namespace() + "' is the system's own, as all that begin with _");
  }

  private Write write(Key key, ByteString value) {
    return Write.put(key, bytes(value), json);
  }

  private Bytes document(ByteString value) {
    return json.canonical(bytes(value));
  }

  private static Precondition precondition(@Nullable String state, boolean absent) {
    if (state == null) return absent ? Precondition.IF_ABSENT : Precondition.NONE;
    return new Precondition(id("if_state", state), absent);
  }

  private static List<Digest> ids(String field, List<String> texts) {
    if (texts.size() > Version.PARENTS_MAX) {
      throw new KdeltaException.Invalid(
          field, texts.size() + " of them; at most " + Version.PARENTS_MAX);
    }
    return texts.stream().map(text -> id(field, text)).toList();
  }

  private static Digest id(String field, String text) {
    if (text.length() != Digest.NIBBLES) {
      throw new KdeltaException.Invalid(
          field, "'" + brief(text) + "' is not 64 hexadecimal digits");
    }
    return Digest.fromHex(prefix(field, text));
  }

  private static String brief(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }

  private static @Nullable AckLevel level(io.kdelta.proto.v1.AckLevel level) {
    return switch (level) {
      case ACK_LEVEL_UNSPECIFIED -> null;
      case ACK_LEVEL_LOCAL -> AckLevel.LOCAL;
      case ACK_LEVEL_ONE -> AckLevel.ONE;
      case ACK_LEVEL_QUORUM -> AckLevel.QUORUM;
      case ACK_LEVEL_ALL -> AckLevel.ALL;
      case UNRECOGNIZED -> throw new KdeltaException.Invalid("ack", "no such level");
    };
  }

  private static Bytes bytes(ByteString value) {
    return Bytes.wrap(value.toByteArray());
  }
}
