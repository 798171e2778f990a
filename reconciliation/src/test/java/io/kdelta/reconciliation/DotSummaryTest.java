package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: summaries are sets of positions, whatever their form: union is idempotent, commutative and
 * associative, minus is the difference, what is told comes back, and no form is larger than it has
 * to be. Method: seeded summaries against plain sets, all forms through their bytes, sizes beside
 * the information that is in them.
 */
final class DotSummaryTest {
  @Test
  void unionIsIdempotentCommutativeAndAssociative() {
    for (int seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      DotSummary one = summary(random);
      DotSummary two = summary(random);
      DotSummary three = summary(random);
      assertEquals(one, one.union(one), "seed " + seed);
      assertEquals(one.union(two), two.union(one), "seed " + seed);
      assertEquals(one.union(two).union(three), one.union(two.union(three)), "seed " + seed);
      assertEquals(one, one.union(DotSummary.NONE), "seed " + seed);
    }
  }

  @Test
  void operationsAreThoseOfSets() {
    for (int seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      DotSummary one = summary(random);
      DotSummary two = summary(random);
      Map<Name, SortedSet<Long>> ones = plain(one);
      Map<Name, SortedSet<Long>> twos = plain(two);
      Map<Name, SortedSet<Long>> both = plain(one);
      twos.forEach((name, set) -> both.computeIfAbsent(name, n -> new TreeSet<>()).addAll(set));
      assertEquals(both, plain(one.union(two)), "seed " + seed);
      Map<Name, SortedSet<Long>> rest = plain(one);
      twos.forEach((name, set) -> rest.getOrDefault(name, new TreeSet<>()).removeAll(set));
      rest.values().removeIf(set -> set.isEmpty());
      assertEquals(rest, plain(one.minus(two)), "seed " + seed);
      long count = 0;
      for (SortedSet<Long> set : ones.values()) count += set.size();
      assertEquals(count, one.count(), "seed " + seed);
    }
  }

  @Test
  void forksAreSeenAndNothingElse() {
    Name name = new Name(1, 2);
    DotSummary one = of(new Writer(name, 5, List.of(new Run(1, 10))));
    assertEquals(List.of(name), one.forks(of(new Writer(name, 6, List.of(new Run(3, 10))))));
    assertEquals(List.of(), one.forks(of(new Writer(name, 5, List.of(new Run(3, 10))))));
    assertEquals(List.of(), one.forks(of(new Writer(name, 6, List.of(new Run(1, 11))))));
    assertEquals(List.of(), one.forks(of(new Writer(name, 0, List.of(new Run(1, 10))))));
    assertEquals(List.of(), one.forks(DotSummary.NONE));
    assertEquals(DotSummary.NONE, one.without(List.of(name)));
  }

  @Test
  void changesTellTheWhole() {
    for (int seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      DotSummary before = summary(random);
      DotSummary now = before.union(summary(random));
      DotSummary theirs = summary(random);
      SharedDots mine = new SharedDots(before, theirs);
      SharedDots peers = new SharedDots(theirs, before);
      assertEquals(mine.id(), peers.id(), "seed " + seed);
      DotSummary known = random.nextBoolean() ? DotSummary.NONE : theirs.union(now);
      DotReport report = through(DotReport.of(now, mine, known));
      DotSummary told = report.told(peers, known);
      assertNotNull(told, "seed " + seed);
      assertEquals(now, told.over(before), "seed " + seed);
      assertEquals(now.equals(before), report.isEmpty(), "seed " + seed);
      if (report.isEmpty() || report.base().isEmpty()) continue;
      assertNull(report.told(null, known));
      assertNull(report.told(new SharedDots(theirs, now), known));
    }
    // A writer that has gone cannot be told as a change.
    DotSummary one = of(new Writer(new Name(1, 1), 0, List.of(new Run(1, 1))));
    DotSummary two = of(new Writer(new Name(2, 2), 0, List.of(new Run(1, 1))));
    assertTrue(DotReport.of(two, new SharedDots(one, two), two).base().isEmpty());
  }

  @Test
  void whatEndsAsTheHearersIsToldShort() {
    Name name = new Name(1, 2);
    DotSummary hearer = of(new Writer(name, 5, List.of(new Run(1, 300))));
    DotSummary teller = of(new Writer(name, 5, List.of(new Run(1, 200), new Run(202, 300))));
    DotReport report = through(DotReport.of(teller, null, hearer));
    assertEquals(teller, report.told(null, hearer));
    int whole = bytes(DotReport.full(teller)).length;
    assertEquals(whole - 2 - 4, bytes(report).length);
    // Who has not told that writer, or not so far, can not be meant.
    assertNull(report.told(null, DotSummary.NONE));
    assertNull(report.told(null, of(new Writer(name, 5, List.of(new Run(1, 201))))));
    DotSummary fork = of(new Writer(name, 6, List.of(new Run(1, 300))));
    assertFalse(DotReport.of(fork, null, hearer).entries().getFirst().alike());
  }

  @Test
  void everyFormComesBackAndTheSmallestIsTaken() {
    int[] forms = new int[3];
    for (int seed = 0; seed < 3_000; seed++) {
      Random random = new Random(seed);
      TreeSet<Long> held = new TreeSet<>();
      long last = 1L + random.nextInt(1 << random.nextInt(14));
      double density = random.nextDouble();
      boolean inRuns = random.nextBoolean();
      boolean keep = true;
      for (long i = 1; i <= last; i++) {
        if (!inRuns || random.nextInt(50) == 0) keep = random.nextDouble() < density;
        if (keep) held.add(i);
      }
      held.add(last);
      DotSummary summary = of(new Writer(new Name(seed, 1), seed, runs(held)));
      DotReport report = DotReport.full(summary);
      assertEquals(report, through(report), "seed " + seed);
      byte[] bytes = bytes(report);
      ByteSource source = new ByteSource(bytes);
      source.varint(2);
      source.word();
      source.word();
      forms[(int) source.varint(Long.MAX_VALUE) & 3]++;
      // Never more than a bit map would take.
      assertTrue(bytes.length <= 1 + 16 + 3 + 4 + 3 + 2 + (last + 6) / 8, "seed " + seed);
    }
    for (int form : forms) assertTrue(form > 50, form + " of a form");
  }

  @Test
  void scatteredHolesCostLittleMoreThanTheyTell() {
    Random random = new Random(4);
    for (int holes : List.of(100, 1_000, 10_000)) {
      int last = 1_000_000;
      TreeSet<Long> missing = new TreeSet<>();
      while (missing.size() < holes) missing.add(1L + random.nextInt(last - 1));
      List<Run> runs = new ArrayList<>();
      long next = 1;
      for (long hole : missing) {
        if (hole > next) runs.add(new Run(next, hole - 1));
        next = hole + 1;
      }
      runs.add(new Run(next, last));
      int size = bytes(DotReport.full(of(new Writer(new Name(1, 1), 1, runs)))).length;
      double bound = 0;
      for (int i = 0; i < holes; i++) bound += Math.log((last - i) / (double) (holes - i));
      bound /= Math.log(2) * 8;
      assertTrue(size <= 1.04 * bound + 28, holes + " holes: " + size + " bytes, bound " + bound);
    }
  }

  @Test
  void longRunsOfHolesAreNotCountedOut() {
    Writer sparse = new Writer(new Name(1, 1), 1, List.of(new Run(1L << 40, 1L << 41)));
    DotReport report = DotReport.full(of(sparse));
    assertEquals(report, through(report));
    assertTrue(bytes(report).length < 50);
  }

  private static DotSummary of(Writer writer) {
    return new DotSummary(List.of(writer));
  }

  private static DotReport through(DotReport report) {
    ByteSource source = new ByteSource(bytes(report));
    DotReport back = DotCodec.read(source, Limits.STANDARD);
    source.end();
    return back;
  }

  private static byte[] bytes(DotReport report) {
    ByteSink sink = new ByteSink(64);
    DotCodec.write(sink, report);
    return sink.toBytes();
  }

  private static Map<Name, SortedSet<Long>> plain(DotSummary summary) {
    Map<Name, SortedSet<Long>> all = new TreeMap<>();
    for (Writer writer : summary.writers()) {
      TreeSet<Long> set = new TreeSet<>();
      for (Run run : writer.runs()) {
        for (long i = run.first(); i <= run.last(); i++) set.add(i);
      }
      all.put(writer.incarnation(), set);
    }
    return all;
  }

  private static List<Run> runs(SortedSet<Long> held) {
    List<Run> runs = new ArrayList<>();
    for (long position : held) {
      Run before = runs.isEmpty() ? null : runs.getLast();
      if (before != null && before.last() + 1 == position) {
        runs.set(runs.size() - 1, new Run(before.first(), position));
      } else {
        runs.add(new Run(position, position));
      }
    }
    return runs;
  }

  private static DotSummary summary(Random random) {
    Map<Name, Writer> writers = new TreeMap<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      Name name = new Name(random.nextInt(4), 0);
      TreeSet<Long> held = new TreeSet<>();
      for (int j = 1 + random.nextInt(20); j > 0; j--) held.add(1L + random.nextInt(30));
      writers.put(name, new Writer(name, random.nextInt(3), runs(held)));
    }
    return new DotSummary(List.copyOf(writers.values()));
  }
}
