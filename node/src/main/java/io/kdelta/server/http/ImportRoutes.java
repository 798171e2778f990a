package io.kdelta.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.UnsafeByteOperations;
import io.kdelta.causal.Key;
import io.kdelta.document.CanonicalJson;
import io.kdelta.document.PlainImport;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.reconciliation.Digest;
import io.kdelta.wire.JsonShapes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Documents in bulk, a line each. What was stored stays when a line is refused, and the same body
 * again adds only what is missing. Stateless.
 */
final class ImportRoutes {
  private final KvGrpc.KvImplBase kv;

  ImportRoutes(KvGrpc.KvImplBase kv) {
    this.kv = kv;
  }

  List<Route> routes() {
    return List.of(Route.of("POST /v1/import/{ns}", List.of("ack"), this::documents));
  }

  private Answer documents(HttpCall call) {
    List<Line> lines = lines(call);
    LinkedHashMap<String, Flight> flights = new LinkedHashMap<>();
    Tally tally = new Tally();
    for (Line line : lines) {
      // Never two of one key at once: so a later line wins over an earlier one.
      Flight same = flights.remove(line.put.getKey());
      if (same != null) tally.add(land(call, same));
      if (flights.size() == HttpLimits.IMPORTS_IN_FLIGHT_MAX) {
        tally.add(land(call, flights.pollFirstEntry().getValue()));
      }
      flights.put(line.put.getKey(), new Flight(line.number, call.begin(kv::put, line.put)));
    }
    for (Flight flight : flights.values()) tally.add(land(call, flight));
    ObjectNode json = JsonShapes.object();
    json.put("namespace", call.namespace());
    json.put("lines", lines.size());
    json.put("stored", lines.size() - tally.held);
    json.put("held", tally.held);
    return Answer.json(json);
  }

  /** All of them, before anything is stored; Invalid names the line. */
  private static List<Line> lines(HttpCall call) {
    // As the command line names the puts of a file, so that either knows what the other stored.
    Digest file = Digest.sha256(call.body().toByteArray());
    PlainImport plain = new PlainImport(call.namespace(), file, CanonicalJson.WIDEST);
    AckLevel level = call.ack();
    List<Line> lines = new ArrayList<>();
    BodyLines.each(
        call.body(),
        (text, number) -> lines.add(new Line(number, put(plain, level, text, number))));
    if (lines.isEmpty()) {
      throw new KdeltaException.Invalid(
          "import", "is empty: a line is {\"key\":\"KEY\",\"value\":...}");
    }
    return lines;
  }

  private static PutRequest put(PlainImport plain, AckLevel level, byte[] text, int number) {
    try {
      PlainImport.Put put = plain.put(number, Bytes.wrap(text));
      Key key = put.write().key();
      return PutRequest.newBuilder()
          .setNamespace(key.namespace())
          .setKey(key.key())
          .setValue(UnsafeByteOperations.unsafeWrap(put.write().document().buffer()))
          .setAck(level)
          .setRequestId(put.requestId())
          .build();
    } catch (KdeltaException.Invalid e) {
      throw new KdeltaException.Invalid("line " + number, e.getMessage() + "");
    }
  }

  /** When one is refused, those behind it may be stored all the same. */
  private static WriteResult land(HttpCall call, Flight flight) {
    try {
      return call.await(flight.asked);
    } catch (Refusal e) {
      throw e.at("line " + flight.number);
    }
  }

  /** A line as the write that it is. */
  private record Line(int number, PutRequest put) {}

  /** A line on its way. */
  private record Flight(int number, Desk.Asked<WriteResult> asked) {}

  /** What became of the lines. */
  private static final class Tally {
    private int held;

    void add(WriteResult result) {
      if (result.getRepeatedWrite()) held++;
    }
  }
}
