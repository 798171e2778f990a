package io.kdelta.cli;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.StatusRuntimeException;
import io.kdelta.client.Verdict;
import io.kdelta.document.CanonicalJson;
import io.kdelta.document.PlainImport;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.reconciliation.Digest;
import io.kdelta.wire.Payload;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends documents as puts, many at a time, but never two of one key: so a later line wins over an
 * earlier one. One thread.
 */
final class DocumentUpload {
  private static final int IN_FLIGHT_MAX = 64;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final long PUT_SECONDS_MAX = 30;

  /** For a put that failed: five seconds a node when a level is not met. */
  private static final Duration RETRY_AT_MOST = Duration.ofSeconds(60);

  private static final int ROUNDS_MAX = 6;

  /** A put on its way. */
  private record Flight(
      Lines.Line line, PutRequest request, ListenableFuture<WriteResult> result) {}

  private final Client client;
  private final String namespace;
  private final AckLevel level;

  /** By key, in the order of their lines. */
  private final LinkedHashMap<String, Flight> flights = new LinkedHashMap<>();

  DocumentUpload(Client client, String namespace, AckLevel level) {
    this.client = client;
    this.namespace = namespace;
    this.level = level;
  }

  /**
   * Sends what {@code lines} makes of a file.
   *
   * @param form how it is read: the same lines read in another way are other writes
   */
  void run(
      Path file,
      String form,
      DocumentLines lines,
      long limit,
      ImportCommand.Tally tally,
      Progress progress) {
    PlainImport plain = plainImport(file, form);
    try (lines) {
      for (long read = 0; read < limit; read++) {
        Lines.Line line = lines.next();
        if (line == null) break;
        PutRequest request = request(plain, line);
        Flight same = flights.get(request.getKey());
        if (same != null) land(same, tally);
        if (flights.size() == IN_FLIGHT_MAX) land(flights.firstEntry().getValue(), tally);
        flights.put(request.getKey(), take(line, request));
        progress.update(
            tally.lines(),
            lines.sizeBytes() <= 0 ? -1 : (double) lines.readBytes() / lines.sizeBytes());
      }
      while (!flights.isEmpty()) land(flights.firstEntry().getValue(), tally);
    }
  }

  private PlainImport plainImport(Path file, String form) {
    try {
      return new PlainImport(namespace, hash(file, form), CanonicalJson.WIDEST);
    } catch (KdeltaException.Invalid e) {
      throw CliException.usage(e.getMessage() + "", null);
    }
  }

  private PutRequest request(PlainImport plain, Lines.Line line) {
    try {
      PlainImport.Put put = plain.put(line.number(), line.text());
      return PutRequest.newBuilder()
          .setNamespace(namespace)
          .setKey(put.write().key().key())
          .setValue(Payload.string(put.write().document()))
          .setAck(level)
          .setRequestId(put.requestId())
          .build();
    } catch (KdeltaException.Invalid e) {
      throw CliException.usage(line.place() + ": " + e.getMessage(), hint(line));
    }
  }

  /** For a table that is taken for JSON. */
  private static @Nullable String hint(Lines.Line line) {
    String text = new String(line.text().toArray(), StandardCharsets.UTF_8);
    if (line.number() > 1 || text.indexOf('{') >= 0) return null;
    boolean table = line.source().endsWith(".csv") || text.indexOf(',') >= 0;
    return table ? "is it a table? --format csv --key COLUMN reads one" : null;
  }

  private Flight take(Lines.Line line, PutRequest request) {
    ListenableFuture<WriteResult> started =
        KvGrpc.newFutureStub(client.channel())
            .withDeadlineAfter(PUT_SECONDS_MAX, TimeUnit.SECONDS)
            .put(request);
    return new Flight(line, request, started);
  }

  /** Waits for a put; one that failed is tried again, on the next server if need be. */
  private void land(Flight flight, ImportCommand.Tally tally) {
    WriteResult result;
    try {
      result = flight.result().get();
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof StatusRuntimeException failure)) {
        throw new AssertionError("a call that failed without a status", e);
      }
      result = retry(flight, failure);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CliException(ExitCode.INTERRUPTED, "INTERRUPTED", "interrupted", null, e);
    }
    flights.remove(flight.request().getKey());
    tally.add(result.getRepeatedWrite() ? 0 : 1, result.getRepeatedWrite() ? 1 : 0);
  }

  /** The same request again: the node knows it by its id if it was stored. */
  private WriteResult retry(Flight flight, StatusRuntimeException failure) {
    CliException told;
    if (Verdict.of(failure) == Verdict.FINAL) {
      told = client.told(failure);
    } else {
      try {
        return client.call(RETRY_AT_MOST, c -> c.rounds(ROUNDS_MAX).put(flight.request()));
      } catch (CliException e) {
        told = e;
      }
    }
    throw new CliException(
        told.exitCode(),
        told.reason(),
        flight.line().place() + ": " + told.text(),
        told.hint(),
        told);
  }

  private static Digest hash(Path file, String form) {
    MessageDigest hasher = Digest.hasher();
    hasher.update(form.getBytes(StandardCharsets.UTF_8));
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        hasher.update(buffer, 0, count);
      }
    } catch (IOException e) {
      throw new CliException(
          ExitCode.USAGE, "INVALID_ARGUMENT", "cannot read " + file + ": " + e, null, e);
    }
    return Digest.fromBytes(hasher.digest());
  }
}
