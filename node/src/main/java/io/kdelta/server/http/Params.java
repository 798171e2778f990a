package io.kdelta.server.http;

import com.google.protobuf.Timestamp;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.At;
import io.kdelta.wire.TimeText;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The query of a request, by the names of the command line's flags. Immutable. */
final class Params {
  private final TreeMap<String, String> values = new TreeMap<>();

  private Params() {}

  /** Reads a query; null is none. Invalid for a parameter given twice or a wrong escape. */
  static Params parse(@Nullable String raw) {
    Params params = new Params();
    if (raw == null || raw.isEmpty()) return params;
    String[] parts = raw.split("&", HttpLimits.PARAMETERS_MAX + 1);
    if (parts.length > HttpLimits.PARAMETERS_MAX) {
      throw new KdeltaException.Invalid(
          "query", "more than " + HttpLimits.PARAMETERS_MAX + " parameters");
    }
    for (String part : parts) {
      if (part.isEmpty()) continue;
      int equals = part.indexOf('=');
      String name =
          PercentText.decode("query", equals < 0 ? part : part.substring(0, equals), true);
      String value = equals < 0 ? "" : PercentText.decode(name, part.substring(equals + 1), true);
      if (params.values.put(name, value) != null) {
        throw new KdeltaException.Invalid(name, "is given twice");
      }
    }
    return params;
  }

  /** Invalid when there is a parameter beside these: most often a misspelling. */
  void only(List<String> known) {
    for (String name : values.keySet()) {
      if (known.contains(name)) continue;
      String which = known.isEmpty() ? "there are none here" : "known: " + String.join(", ", known);
      throw new KdeltaException.Invalid("query", "no parameter '" + name + "'; " + which);
    }
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  /** The text; empty when it is absent. */
  String text(String name) {
    return values.getOrDefault(name, "");
  }

  /** {@code name}, {@code name=} and {@code name=true} are on. */
  boolean flag(String name) {
    return switch (values.getOrDefault(name, "false")) {
      case "", "true" -> true;
      case "false" -> false;
      default -> throw new KdeltaException.Invalid(name, "is neither true nor false");
    };
  }

  /** A count from 1 on; 0 when it is absent. */
  int count(String name) {
    String text = text(name);
    if (!has(name)) return 0;
    boolean digits = !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    if (!digits || text.length() > 9 || Integer.parseInt(text) == 0) {
      throw new KdeltaException.Invalid(name, "is not a number from 1 on");
    }
    return Integer.parseInt(text);
  }

  /** A moment, as {@code --at} takes it. */
  Optional<At> at(String name) {
    return has(name) ? Optional.of(TimeText.at(name, text(name))) : Optional.empty();
  }

  /** A time. */
  Optional<Timestamp> time(String name) {
    return has(name) ? Optional.of(TimeText.time(name, text(name))) : Optional.empty();
  }
}
