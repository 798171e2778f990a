package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.WriteResult;

/** Says what a write became: its version, time and node; with {@code -q} only the id. */
final class WriteReport {
  private WriteReport() {}

  static void print(Invocation invocation, WriteResult result, String note) {
    if (invocation.quiet()) {
      invocation.console().out().println(result.getId());
    } else {
      ObjectNode json = VersionJson.of(result, note);
      invocation
          .output()
          .item(json, VersionJson.WRITE_COLUMNS, result.getId(), VersionJson.line(result));
    }
    String key = result.getNamespace() + "/" + result.getKey();
    if (result.getHeadsSuperseded() > 1) {
      invocation.notice(
          "note: this superseded "
              + result.getHeadsSuperseded()
              + " heads of "
              + key
              + "; kdelta log "
              + key
              + " --graph shows them");
    }
    if (result.getHeadsLeft() > 0) {
      invocation.notice(
          "note: "
              + result.getHeadsLeft()
              + " other heads of "
              + key
              + " stay; kdelta get "
              + key
              + " --heads shows them");
    }
  }
}
