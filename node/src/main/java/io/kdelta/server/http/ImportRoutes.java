package io.kdelta.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
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
import io.kdelta.wire.Payload;
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
    // As the command line names the puts of a file, so that either knows what the other stored.
    Digest file = Digest.sha256(call.body().toByteArray());
    PlainImport plain = new PlainImport(call.namespace(), file, CanonicalJson.WIDEST);
    AckLevel level = call.ack();
    // All are checked before anything is stored, and none is kept: many times the body's size.
    Tally tally = new Tally();
    BodyLines.each(
        call.body(),
        (text, number) -> {
          var _ = put(plain, level, text, number);
          tally.lines++;
        });
    if (tally.lines == 0) {
      throw new KdeltaException.Invalid(
          "import", "is empty: a line is {\"key\":\"KEY\",\"value\":...}");
    }
    LinkedHashMap<String, Flight> flights = new LinkedHashMap<>();
    BodyLines.each(
        call.body(),
        (text, number) -> {
          PutRequest put = put(plain, level, text, number);
          // Never two of one key at once: so a later line wins over an earlier one.
          Flight same = flights.remove(put.getKey());
          if (same != null) tally.add(land(call, same));
          if (flights.size() == HttpLimits.IMPORTS_IN_FLIGHT_MAX) {
            tally.add(land(call, flights.pollFirstEntry().getValue()));
          }
          flights.put(put.getKey(), new Flight(number, call.begin(kv::put, put)));
        });
    for (Flight flight : flights.values()) tally.add(land(call, flight));
    ObjectNode json = JsonShapes.object();
    json.put("namespace", call.namespace());
    json.put("lines", tally.lines);
    json.put("stored", tally.lines - tally.held);
    json.put("held", tally.held);
    return Answer.json(json);
  }

  /** The put of a line; Invalid names the line. */
  private static PutRequest put(PlainImport plain, AckLevel level, byte[] text, int number) {
    try {
      PlainImport.Put put = plain.put(number, Bytes.wrap(text));
      Key key = put.write().key();
      return PutRequest.newBuilder()
          .setNamespace(key.namespace())
          .setKey(key.key())
          .setValue(Payload.string(put.write().document()))
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

  /** A line on its way. */
  private record Flight(int number, Desk.Asked<WriteResult> asked) {}

  /** What became of the lines. */
  private static final class Tally {
    private int lines;
    private int held;

    void add(WriteResult result) {
      if (result.getRepeatedWrite()) held++;
    }
  }
}
