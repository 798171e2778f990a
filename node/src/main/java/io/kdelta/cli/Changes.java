package io.kdelta.cli;

import io.kdelta.document.CanonicalJson;
import io.kdelta.document.Json;
import io.kdelta.document.JsonDiff;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.ContentType;
import io.kdelta.proto.v1.Version;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * What each version of a history did to its first parent, in a few words: {@code created}, {@code
 * age 30 -> 31}, {@code merge of 2 heads (manual)}.
 */
final class Changes {
  private static final int CHANGES_SHOWN = 3;
  private static final int VALUE_LENGTH_MAX = 24;
  private static final int TEXT_LENGTH_MAX = 72;

  private final TreeMap<String, Version> known = new TreeMap<>();
  private final Function<String, Version> fetch;

  /** {@code fetch} finds the parents that lie beyond what is shown. */
  Changes(List<Version> shown, Function<String, Version> fetch) {
    for (Version version : shown) known.put(version.getId(), version);
    this.fetch = fetch;
  }

  String of(Version version) {
    String note = version.getNote();
    if (version.getParentsCount() > 1) {
      return "merge of "
          + version.getParentsCount()
          + " heads"
          + (note.isEmpty() ? "" : " (" + note + ")");
    }
    String what = cut(what(version), TEXT_LENGTH_MAX);
    return note.isEmpty() ? what : what + "  (" + note + ")";
  }

  private String what(Version version) {
    if (version.getKind() == Version.Kind.DELETE) return "deleted";
    if (version.getParentsCount() == 0) return "created";
    Version parent = known.computeIfAbsent(version.getParents(0), fetch);
    if (parent.getKind() == Version.Kind.DELETE) return "created again";
    if (opaque(version) || opaque(parent)) return "changed";
    List<JsonDiff.Change> changes = JsonDiff.between(document(parent), document(version));
    if (changes.isEmpty()) return "same value";
    StringBuilder out = new StringBuilder();
    for (JsonDiff.Change change : changes.subList(0, Math.min(changes.size(), CHANGES_SHOWN))) {
      out.append(out.isEmpty() ? "" : ", ").append(brief(change));
    }
    int more = changes.size() - CHANGES_SHOWN;
    return more > 0 ? out.append(", ").append(more).append(" more").toString() : out.toString();
  }

  private static boolean opaque(Version version) {
    return version.getContentType() != ContentType.CONTENT_TYPE_JSON;
  }

  private static Optional<Json> document(Version version) {
    Bytes text = Bytes.wrap(version.getValue().toByteArray());
    return Optional.of(CanonicalJson.WIDEST.read(text));
  }

  private static String brief(JsonDiff.Change change) {
    String path = change.path().isEmpty() ? "document" : change.path().substring(1);
    return switch (change.op()) {
      case ADD -> "+ " + path;
      case REMOVE -> "- " + path;
      case REPLACE -> path + " " + value(change.before()) + " -> " + value(change.after());
    };
  }

  private static String value(Optional<Json> value) {
    String text = value.map(v -> CanonicalJson.write(v).utf8()).orElse("");
    return cut(text, VALUE_LENGTH_MAX);
  }

  private static String cut(String text, int lengthMax) {
    int length = text.codePointCount(0, text.length());
    if (length <= lengthMax) return text;
    return text.substring(0, text.offsetByCodePoints(0, lengthMax)) + "...";
  }
}
