package io.kdelta.process;

import com.google.protobuf.Timestamp;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kdelta.env.Entropy;
import io.kdelta.proto.v1.At;
import io.kdelta.proto.v1.ExistsRequest;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.ListKeysRequest;
import io.kdelta.proto.v1.ListKeysResponse;
import io.kdelta.proto.v1.ListVersionsRequest;
import io.kdelta.proto.v1.ListVersionsResponse;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.sim.Audit;
import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.RawGraph;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The questions of a quiet node that {@link Audit} does not ask, held against its versions: lists
 * of live keys, the log of a key, what it was at a moment, whether it is there (O4, O6).
 */
final class Answers {
  private static final int COUNTER_BITS = 12;
  private static final int MICROS_A_SECOND = 1_000_000;
  private static final int KEYS_ASKED = 12;
  private static final int MOMENTS_ASKED = 4;
  private static final int SMALL_PAGE = 7;

  /** As the log of a key tells them. */
  private static final Comparator<RawGraph.Raw> NEWEST_FIRST =
      Comparator.<RawGraph.Raw>comparingLong(RawGraph.Raw::time)
          .thenComparing(RawGraph.Raw::id)
          .reversed();

  private final String name;
  private final ManagedChannel channel;
  private final TreeMap<String, List<RawGraph.Raw>> byPath = new TreeMap<>();

  private Answers(String name, ManagedChannel channel) {
    this.name = name;
    this.channel = channel;
  }

  /** Asks a sample; answers how many questions were asked. */
  static int check(GrpcSubject subject, ManagedChannel channel, Entropy dice) {
    Answers answers = new Answers(subject.name(), channel);
    for (Audit.Told told : subject.versions()) {
      answers.byPath.computeIfAbsent(told.raw().path(), _ -> new ArrayList<>()).add(told.raw());
    }
    int asked = 0;
    for (String namespace : Clients.NAMESPACES) {
      answers.lists(namespace);
      asked++;
    }
    List<String> paths = List.copyOf(answers.byPath.keySet());
    for (int i = 0; i < Math.min(KEYS_ASKED, paths.size()); i++) {
      String path = paths.get(dice.nextInt(paths.size()));
      answers.log(path);
      answers.exists(path);
      List<RawGraph.Raw> all = answers.of(path);
      for (int moment = 0; moment < MOMENTS_ASKED; moment++) {
        long micros = all.get(dice.nextInt(all.size())).time() >>> COUNTER_BITS;
        answers.at(path, micros - dice.nextInt(2));
      }
      asked += 2 + MOMENTS_ASKED;
    }
    return asked;
  }

  private List<RawGraph.Raw> of(String path) {
    return byPath.getOrDefault(path, List.of());
  }

  private void lists(String namespace) {
    List<String> expected = new ArrayList<>();
    byPath.forEach((path, versions) -> {
      if (path.startsWith(namespace + "/") && !winner(versions).deleted()) {
        expected.add(path.substring(namespace.length() + 1));
      }
    });
    List<String> told = new ArrayList<>();
    String page = "";
    do {
      ListKeysResponse part =
          kv().listKeys(
                  ListKeysRequest.newBuilder()
                      .setNamespace(namespace)
                      .setPageSize(SMALL_PAGE)
                      .setPageToken(page)
                      .build());
      told.addAll(part.getKeysList());
      page = part.getNextPageToken();
    } while (!page.isEmpty());
    same("O6", "the keys of " + namespace, expected, told);
  }

  private void log(String path) {
    List<String> told = new ArrayList<>();
    String page = "";
    do {
      ListVersionsResponse part =
          versions()
              .listVersions(
                  ListVersionsRequest.newBuilder()
                      .setNamespace(namespace(path))
                      .setKey(key(path))
                      .setPageToken(page)
                      .build());
      for (Version version : part.getVersionsList()) told.add(version.getId());
      page = part.getNextPageToken();
    } while (!page.isEmpty());
    List<String> expected =
        of(path).stream().sorted(NEWEST_FIRST).map(raw -> raw.id().hex()).toList();
    same("O6", "the log of " + path, expected, told);
  }

  private void exists(String path) {
    boolean told =
        kv().exists(
                ExistsRequest.newBuilder().setNamespace(namespace(path)).setKey(key(path)).build())
            .getExists();
    same("O4", "whether there is " + path, !winner(of(path)).deleted(), told);
  }

  /** The winner among the heads of the versions up to then. */
  private void at(String path, long micros) {
    List<RawGraph.Raw> then =
        of(path).stream().filter(raw -> raw.time() >>> COUNTER_BITS <= micros).toList();
    RawGraph.Raw winner = then.isEmpty() ? null : winner(then);
    String expected = winner == null || winner.deleted() ? "" : winner.id().hex();
    Timestamp time =
        Timestamp.newBuilder()
            .setSeconds(micros / MICROS_A_SECOND)
            .setNanos((int) (micros % MICROS_A_SECOND) * 1_000)
            .build();
    String told = "";
    try {
      told =
          kv().get(
                  GetRequest.newBuilder()
                      .setNamespace(namespace(path))
                      .setKey(key(path))
                      .setAt(At.newBuilder().setTime(time))
                      .build())
              .getVersion()
              .getId();
    } catch (StatusRuntimeException absent) {
      if (absent.getStatus().getCode() != Status.Code.NOT_FOUND) throw absent;
    }
    same("O4", path + " at " + micros, expected, told);
  }

  private static RawGraph.Raw winner(List<RawGraph.Raw> versions) {
    RawGraph graph = new RawGraph();
    versions.forEach(graph::add);
    RawGraph.@Nullable Raw winner = graph.winner(versions.getFirst().path());
    if (winner == null) throw new AssertionError("no head among " + versions);
    return winner;
  }

  private void same(String oracle, String what, Object expected, Object told) {
    if (expected.equals(told)) return;
    throw new OracleFailure(
        oracle, name + " answers for " + what + "\n" + told + "\nthe graph says\n" + expected);
  }

  private KvGrpc.KvBlockingStub kv() {
    return KvGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private VersionsGrpc.VersionsBlockingStub versions() {
    return VersionsGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private static String namespace(String path) {
    return path.substring(0, path.indexOf('/'));
  }

  private static String key(String path) {
    return path.substring(path.indexOf('/') + 1);
  }
}
