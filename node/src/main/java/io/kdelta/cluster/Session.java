package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.List;

/**
 * One ended reconciliation, as {@code cluster log} shows it.
 *
 * @param peer with whom
 * @param rungs what was climbed, in order
 * @param rounds round trips
 * @param versionsSent versions that this node sent
 * @param versionsReceived versions that were new to this node
 * @param bytesSent of the whole session, encoded
 * @param bytesReceived of the whole session, encoded
 * @param metadataBytes of {@code bytesSent} and {@code bytesReceived}, what was said beside the
 *     versions
 * @param boundBytes the fewest bytes in which the versions that moved can be told, whatever the
 *     protocol
 * @param millis from the first message to the end
 * @param outcome {@code equal}, {@code refused}, or why it broke off
 */
public record Session(
    NodeId peer,
    List<String> rungs,
    int rounds,
    long versionsSent,
    long versionsReceived,
    long bytesSent,
    long bytesReceived,
    long metadataBytes,
    long boundBytes,
    long millis,
    String outcome) {

  /** Keeps its own copy of the rungs. */
  public Session {
    rungs = List.copyOf(rungs);
  }
}
