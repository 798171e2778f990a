package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.cluster.AckLevel;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.StorageLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: how large the parts of the storage are and how the network behaves changes nothing that a
 * cluster answers. Method: the same operations at the same moments, drawn from a seed, over whole
 * clusters under many {@link StorageLimits} and weathers; in the end every node of every cluster
 * tells the same root, versions, histories, heads, winners, conflicts and counts, to the last byte.
 *
 * <p>A version is named by what is in it, its time and its parents included. So that these are the
 * same everywhere, turns come without delay, every key is written by one node, or by two that are
 * cut off from each other; and what is written behind a partition waits until all agree.
 */
final class MetamorphicClusterTest {
  private static final int NODES = 3;
  private static final int ROUNDS = 3;
  private static final int WRITES_A_ROUND = 30;
  private static final long MILLI = 1_000_000L;
  private static final long AGREED_NANOS = 15_000 * MILLI;

  private static final List<StorageLimits> LIMITS =
      List.of(
          new StorageLimits(6 << 10, 8, 8L << 20, 16 << 10, 64, 6 << 10, 16 << 10),
          new StorageLimits(12 << 10, 3, 8L << 20, 32 << 10, 512, 16 << 10, 16 << 10, true),
          Setup.SMALL,
          StorageLimits.small().compressed());

  private static final List<SimNetwork.Weather> WEATHERS =
      List.of(
          SimNetwork.Weather.CLEAR,
          new SimNetwork.Weather(100 * MILLI, 400 * MILLI, 0, 0, 0),
          new SimNetwork.Weather(MILLI, 60 * MILLI, 60, 100, 200));

  /** All that a node tells, and what its cluster refused: to delete what is not there. */
  private record Answers(
      List<String> refused,
      Digest root,
      List<Audit.Told> versions,
      SortedMap<String, List<Digest>> heads,
      SortedMap<String, String> shown,
      List<String> conflicts,
      Audit.Counts counts) {}

  /** One cluster that is told everything. */
  private static final class Telling {
    private final World world;
    private final Stage stage;
    private final Entropy dice;
    private final List<String> refused = new ArrayList<>();
    private int asked;
    private int answered;

    Telling(long seed, StorageLimits limits, SimNetwork.Weather weather) {
      Setup.Pace prompt = new Setup.Pace(1, 50_000, 3 * MILLI);
      this.world = new World(new Setup(seed, NODES, NODES - 1, limits, prompt));
      this.stage = new Stage(world);
      this.dice = new SimEntropy(seed).split("operations");
      world
          .clients()
          .tell((ask, outcome) -> {
            if (outcome.end() == Clients.End.OK) answered++;
            else refused.add(ask.request().markers() + " " + outcome);
          });
      for (int from = 0; from < NODES; from++) {
        for (int to = 0; to < NODES; to++) {
          if (from != to) stage.perform(new Action.WeatherTurns(from, to, weather));
        }
      }
    }

    List<Answers> toTheEnd() {
      for (int node = 0; node < NODES; node++) stage.perform(new Action.Start(node));
      pass(AGREED_NANOS);
      for (int round = 0; round < ROUNDS; round++) round(round);
      pass(AGREED_NANOS);
      assertEquals(asked, answered + refused.size(), "answers");
      assertTrue(refused.stream().allMatch(r -> r.contains("NotFound")), refused.toString());
      List<Answers> all = new ArrayList<>();
      for (SimNode node : world.nodes()) all.add(answers(refused, world.subject(node)));
      return all;
    }

    /** Each node writes its own keys; two write those they share, cut off; one of them resolves. */
    private void round(int round) {
      for (int i = 0; i < WRITES_A_ROUND; i++) {
        int node = dice.nextInt(NODES);
        write(node, "t/n" + node + "-" + dice.nextInt(4));
      }
      pass(AGREED_NANOS);
      int alone = dice.nextInt(NODES);
      for (int peer = 0; peer < NODES; peer++) {
        if (peer == alone) continue;
        stage.perform(new Action.Cut(alone, peer));
        stage.perform(new Action.Cut(peer, alone));
      }
      int other = (alone + 1) % NODES;
      for (int i = 0; i < 6; i++) write(i % 2 == 0 ? alone : other, "t/s" + i / 2);
      for (int peer = 0; peer < NODES; peer++) {
        if (peer == alone) continue;
        stage.perform(new Action.Heal(alone, peer));
        stage.perform(new Action.Heal(peer, alone));
      }
      pass(AGREED_NANOS);
      String marker = "w" + ++asked;
      String merged = "{\"merged\":" + round + "}";
      ask(other, new Request.Resolve("t/s" + dice.nextInt(2), merged, marker, terms()));
      pass(AGREED_NANOS);
      int struck = dice.nextInt(NODES);
      boolean power = dice.nextInt(2) == 0;
      stage.perform(power ? new Action.PowerLoss(struck) : new Action.Kill(struck));
      pass(500 * MILLI);
      stage.perform(new Action.Start(struck));
      pass(AGREED_NANOS);
    }

    private void write(int node, String path) {
      String marker = "w" + ++asked;
      int kind = dice.nextInt(10);
      int size = dice.nextInt(8) == 0 ? 4_000 + dice.nextInt(2_000) : dice.nextInt(900);
      String document = "{\"by\":\"" + marker + "\",\"pad\":\"" + "x".repeat(size) + "\"}";
      if (kind == 0) {
        ask(node, new Request.Delete(path, marker, terms()));
      } else if (kind == 1) {
        Request.Item first = new Request.Item(path, document, marker);
        Request.Item second = new Request.Item(path + "-beside", "[1,2]", marker + "+");
        ask(node, new Request.Batch(List.of(first, second), terms()));
      } else {
        ask(node, new Request.Put(path, document, false, marker, terms()));
      }
    }

    private Request.Terms terms() {
      return new Request.Terms("r" + asked, AckLevel.LOCAL);
    }

    private void ask(int node, Request request) {
      stage.perform(new Action.Ask(asked, node, request, 1));
      pass(250 * MILLI);
    }

    private void pass(long nanos) {
      world.simulator().runUntil(world.nowNanos() + nanos);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void answersTheSameWhateverTheLimitsAndTheWeather(long seed) {
    List<Answers> expected = new ArrayList<>();
    for (StorageLimits limits : LIMITS) {
      for (SimNetwork.Weather weather : WEATHERS) {
        List<Answers> told = new Telling(seed, limits, weather).toTheEnd();
        if (expected.isEmpty()) expected.add(told.getFirst());
        for (Answers answers : told) {
          assertEquals(
              expected.getFirst(), answers, "seed " + seed + ", " + limits + ", " + weather);
        }
      }
    }
    assertFalse(expected.getFirst().conflicts().isEmpty(), "no conflict was left");
    assertTrue(expected.getFirst().versions().size() > ROUNDS * WRITES_A_ROUND, "too few versions");
  }

  private static Answers answers(List<String> refused, CoreSubject subject) {
    RawGraph graph = Audit.of(subject).graph();
    TreeMap<String, List<Digest>> heads = new TreeMap<>();
    TreeMap<String, String> shown = new TreeMap<>();
    for (String path : graph.keys()) {
      int slash = path.indexOf('/');
      String namespace = path.substring(0, slash);
      String key = path.substring(slash + 1);
      heads.put(path, subject.heads(namespace, key));
      shown.put(path, String.valueOf(subject.get(namespace, key)));
    }
    return new Answers(
        refused,
        subject.root(),
        subject.versions(),
        heads,
        shown,
        subject.conflicts(),
        subject.counts());
  }
}
