package io.kdelta.cli;

import io.kdelta.client.RequestIds;
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

  /** The one given, or a new one: by it a retry at another door or server is known. */
  String requestId() {
    return requestId == null ? RequestIds.draw() : requestId;
  }
}
