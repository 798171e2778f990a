package io.kdelta.cli;

import io.kdelta.proto.v1.AckLevel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The flags of every write by hand. */
final class WriteOptions {
  @Mixin private final AckOption ack = new AckOption();

  @Option(names = "--note", paramLabel = "TEXT", description = "Why; shown by log.")
  private String note = "";

  @Option(
      names = "--request-id",
      paramLabel = "ID",
      description = "Makes a retry harmless: the same id answers the first result.")
  private @Nullable String requestId;

  AckLevel ack() {
    return ack.level();
  }

  String note() {
    return note;
  }

  /** The one given; empty: the client draws one, which the retry on the next server needs. */
  String requestId() {
    return requestId == null ? "" : requestId;
  }
}
