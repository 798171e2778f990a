package io.kdelta.cli;

import io.kdelta.cli.Completion.Found;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.ListKeysRequest;
import io.kdelta.proto.v1.ListNamespacesRequest;
import io.kdelta.proto.v1.Stats;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Asks a node for what a word may become while a person types it: a few names, in a short time, and
 * none where they do not come. One thread.
 */
final class NodeNames {
  private static final int KEYS_MAX = 60;

  private final Duration atMost;
  private final Supplier<Invocation> invocations;

  /**
   * @param atMost what does not come in this time is not proposed
   * @param invocations one for each question
   */
  NodeNames(Duration atMost, Supplier<Invocation> invocations) {
    this.atMost = atMost;
    this.invocations = invocations;
  }

  List<String> namespaces() {
    try (Client client = client()) {
      var request = ListNamespacesRequest.getDefaultInstance();
      return client.call(KvGrpc.getListNamespacesMethod(), request).getNamespacesList().stream()
          .map(Stats::getNamespace)
          .filter(NodeNames::showable)
          .toList();
    } catch (CliException e) {
      return List.of();
    }
  }

  Found keys(String namespace, String prefix) {
    ListKeysRequest request =
        ListKeysRequest.newBuilder()
            .setNamespace(namespace)
            .setPrefix(prefix)
            .setPageSize(KEYS_MAX)
            .build();
    try (Client client = client()) {
      var page = client.call(KvGrpc.getListKeysMethod(), request);
      List<String> keys = page.getKeysList().stream().filter(NodeNames::showable).toList();
      return new Found(keys, !page.getNextPageToken().isEmpty());
    } catch (CliException e) {
      return Found.NONE;
    }
  }

  private Client client() {
    return invocations.get().within(atMost).client();
  }

  /** A name with control characters is not for typing. */
  private static boolean showable(String name) {
    return Output.safe(name).equals(name);
  }
}
