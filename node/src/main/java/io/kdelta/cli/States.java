package io.kdelta.cli;

import io.kdelta.proto.v1.ListHeadsRequest;
import io.kdelta.proto.v1.VersionsGrpc;

/**
 * States of keys: their ids as a person types them, whole or the start of the one that the key has
 * now, and what is said of a key with several heads.
 */
final class States {
  private static final int WHOLE_LENGTH = 64;
  private static final int START_LENGTH_MIN = 4;

  private States() {}

  /**
   * The whole state id. Its start is completed by asking the node; the write is still guarded by
   * the whole id, so nothing can slip in between.
   */
  static String whole(Client client, KeyName key, String typed) {
    if (typed.length() >= WHOLE_LENGTH) return typed;
    if (typed.length() < START_LENGTH_MIN) {
      throw CliException.usage("--if " + typed + ": give 4 digits or more", null);
    }
    ListHeadsRequest request =
        ListHeadsRequest.newBuilder().setNamespace(key.namespace()).setKey(key.key()).build();
    String state = client.call(VersionsGrpc.getListHeadsMethod(), request).getState();
    if (state.startsWith(typed)) return state;
    throw new CliException(
        ExitCode.CONFLICT,
        "CONFLICT",
        "conflict on " + key + ": expected state " + typed + ", found state " + state,
        "kdelta get " + key + " --meta shows the state; read again and repeat the write");
  }

  /** Tells who reads a key that it has more heads than the one that is shown. */
  static void tellHeads(Invocation invocation, KeyName name, int count) {
    if (count < 2) return;
    invocation.notice(
        "note: "
            + name
            + " has "
            + count
            + " heads and this is the winner; kdelta get "
            + name
            + " --heads shows all, kdelta resolve "
            + name
            + " makes them one");
  }
}
