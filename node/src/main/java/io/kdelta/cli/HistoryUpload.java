package io.kdelta.cli;

import io.kdelta.causal.Envelope;
import io.kdelta.document.CanonicalJson;
import io.kdelta.document.HistoryImport;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.ImportVersionsRequest;
import io.kdelta.wire.Payload;
import org.jspecify.annotations.Nullable;

/**
 * Sends a recorded history as whole versions, computed here: the same lines give the same versions
 * wherever they are imported. One thread.
 */
final class HistoryUpload {
  private static final int BATCH_VERSIONS = 200;
  private static final int BATCH_BYTES = 512 << 10;

  private final Client client;
  private final HistoryImport history;
  private final AckLevel level;

  HistoryUpload(Client client, String namespace, AckLevel level) {
    this.client = client;
    this.level = level;
    try {
      this.history = new HistoryImport(namespace, CanonicalJson.WIDEST);
    } catch (KdeltaException.Invalid e) {
      throw CliException.usage(e.getMessage() + "", null);
    }
  }

  void run(Lines lines, long limit, ImportCommand.Tally tally, Progress progress) {
    try (VersionStream stream = new VersionStream(client, tally)) {
      ImportVersionsRequest.Builder batch = ImportVersionsRequest.newBuilder().setAck(level);
      long bytes = 0;
      long read = 0;
      for (Lines.Line line = next(lines, read, limit);
          line != null;
          line = next(lines, read, limit)) {
        Envelope envelope = version(line);
        batch.addVersions(
            ImportVersionsRequest.Whole.newBuilder()
                .setVersion(Payload.string(envelope.version().canonical()))
                .setContent(Payload.string(envelope.document())));
        bytes += envelope.version().canonical().size() + envelope.document().size();
        read++;
        if (batch.getVersionsCount() == BATCH_VERSIONS || bytes >= BATCH_BYTES) {
          stream.send(batch.build());
          batch.clearVersions();
          bytes = 0;
          progress.update(tally.lines(), part(lines));
        }
      }
      if (batch.getVersionsCount() > 0) stream.send(batch.build());
      stream.finish();
    }
  }

  private static Lines.@Nullable Line next(Lines lines, long read, long limit) {
    return read < limit ? lines.next() : null;
  }

  private Envelope version(Lines.Line line) {
    try {
      return history.next(line.text());
    } catch (KdeltaException.Invalid e) {
      throw CliException.usage(line.place() + ": " + e.getMessage(), null);
    }
  }

  private static double part(Lines lines) {
    return lines.sizeBytes() <= 0 ? -1 : (double) lines.readBytes() / lines.sizeBytes();
  }
}
