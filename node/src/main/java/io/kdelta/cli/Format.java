package io.kdelta.cli;

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

  /** As written on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
