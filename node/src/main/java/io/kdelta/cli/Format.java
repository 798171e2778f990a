package io.kdelta.cli;

import org.jspecify.annotations.Nullable;

/** How data is written to stdout. */
enum Format {
  /** Columns for people. */
  TABLE,
  /** One JSON value. */
  JSON,
  /** One JSON value a line. */
  JSONL,
  /** One YAML document. */
  YAML,
  /** Comma separated values (RFC 4180) with a header. */
  CSV,
  /** Values alone: a document byte for byte, lists as tab separated columns. */
  RAW,
  /** Bare keys or ids, one a line. */
  NAME;

  /** The one asked for, else a table for a person and JSON lines for a program. */
  static Format orUsual(@Nullable Format asked, boolean terminal) {
    if (asked != null) return asked;
    return terminal ? TABLE : JSONL;
  }

  /** As written on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
