package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import io.kdelta.reconciliation.Message.Cells;
import io.kdelta.reconciliation.Message.Done;
import io.kdelta.reconciliation.Message.Dots;
import io.kdelta.reconciliation.Message.Fail;
import io.kdelta.reconciliation.Message.Filter;
import io.kdelta.reconciliation.Message.Leaf;
import io.kdelta.reconciliation.Message.More;
import io.kdelta.reconciliation.Message.Over;
import io.kdelta.reconciliation.Message.Root;
import io.kdelta.reconciliation.Message.Same;
import io.kdelta.reconciliation.Message.State;
import io.kdelta.reconciliation.Message.Tree;
import io.kdelta.reconciliation.Message.Want;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;

/** Messages drawn by chance, each legal by itself, for whoever has to read or to withstand them. */
final class RandomMessage {
  private RandomMessage() {}

  /** Any message, of any size that the limits allow but mostly small. */
  static Message draw(Random random) {
    int some = random.nextInt(4) * random.nextInt(6);
    return switch (random.nextInt(14)) {
      case 0 -> new Root(Sets.random(random), report(random));
      case 1 -> new Same(report(random));
      case 2 -> {
        long count = random.nextLong() >>> 16 >>> random.nextInt(48);
        yield new State(
            count,
            Sets.random(random),
            random.nextLong() >>> 1 >>> random.nextInt(63),
            random.nextInt(1_000),
            name(random),
            octets(random, 8 * random.nextInt(100)),
            Sets.random(random, some),
            octets(random, DifferenceEstimator.samples(count)),
            report(random));
      }
      case 3 -> {
        int hashes = random.nextInt(BloomFilter.HASHES_MAX + 1);
        int part = hashes == 0 ? 0 : 1 + random.nextInt(100);
        int offset = hashes == 0 ? 0 : random.nextInt(100);
        int size = hashes == 0 ? 0 : (offset + part + 7) / 8 * 8;
        yield new Filter(
            place(random),
            random.nextLong(),
            name(random),
            random.nextInt(100),
            random.nextInt(1_000),
            hashes,
            size,
            offset,
            octets(random, part));
      }
      case 4 -> want(random, some);
      case 11 -> new Dots(report(random));
      case 12 -> {
        boolean fresh = random.nextBoolean();
        int from = random.nextInt(1 << random.nextInt(20));
        int part = random.nextInt(100);
        int end = part == 0 ? from : from + part + random.nextInt(100);
        yield new Cells(
            fresh ? place(random) : Prefix.ALL, fresh, from, end, octets(random, 8 * part));
      }
      case 13 -> {
        boolean fresh = random.nextBoolean();
        Prefix scope = fresh ? place(random) : Prefix.ALL;
        yield new More(scope, fresh, random.nextInt(1 << 20), 1 + random.nextInt(1 << 20));
      }
      case 5 ->
          new Done(
              Sets.random(random),
              random.nextInt(1_000),
              Sets.random(random, some),
              random.nextInt(1 << 20));
      case 6 -> tree(random, some);
      case 7 -> leaf(random, some);
      case 8, 9 -> new Over(random.nextLong() >>> 16, Sets.random(random, some));
      default ->
          new Fail(List.of(Fail.Code.values()).get(random.nextInt(Fail.Code.values().length)));
    };
  }

  private static DotReport report(Random random) {
    DotSummary summary = dots(random);
    if (summary.isEmpty() || random.nextBoolean()) return DotReport.full(summary);
    List<DotReport.Entry> entries = new ArrayList<>();
    for (Writer writer : summary.writers()) {
      int number = random.nextInt(20) - 1;
      Name name = number < 0 ? writer.incarnation() : new Name(0, 0);
      boolean alike = random.nextInt(4) == 0;
      List<Run> holes = DotReport.Entry.named(writer).holes();
      long last = alike ? 0 : writer.last();
      int prefix = alike ? 0 : writer.chainPrefix();
      entries.add(new DotReport.Entry(number, name, alike, last, prefix, holes));
    }
    return new DotReport(Optional.of(random.nextInt()), entries);
  }

  private static Prefix place(Random random) {
    return new Prefix(Sets.random(random), random.nextInt(20));
  }

  private static Octets octets(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return Octets.wrap(bytes);
  }

  private static Want want(Random random, int some) {
    Want.Kind kind = List.of(Want.Kind.values()).get(random.nextInt(3));
    int widthMax = kind == Want.Kind.IDS ? RiceCode.WIDTH_MAX : CellCode.NAME_BITS;
    int width = RiceCode.WIDTH_MIN + random.nextInt(widthMax - RiceCode.WIDTH_MIN + 1);
    int keyed = 0;
    if (kind != Want.Kind.IDS) {
      int least = Math.max(0, width - CellCode.ID_BITS);
      keyed = least + random.nextInt(Math.min(width, CellCode.KEYED_BITS) - least + 1);
    }
    TreeSet<Long> cut = new TreeSet<>();
    int count = random.nextInt(3) * random.nextInt(100);
    for (int i = 0; i < count; i++) cut.add(random.nextLong() >>> (64 - width));
    List<Digest> whole = new ArrayList<>(new TreeSet<>(Sets.random(random, some + 1)));
    return new Want(kind, width, keyed, new ArrayList<>(cut), whole);
  }

  private static Tree tree(Random random, int some) {
    int hashSize = random.nextBoolean() ? Tree.SHORT : Tree.WHOLE;
    List<Tree.Node> nodes = new ArrayList<>();
    for (int i = 0; i <= some; i++) {
      int present = 1 + random.nextInt(0xffff);
      List<Digest> hashes = new ArrayList<>();
      for (int bits = Integer.bitCount(present); bits > 0; bits--) {
        Digest hash = Sets.random(random);
        hashes.add(hashSize == Tree.SHORT ? new Digest(hash.first(), 0, 0, 0) : hash);
      }
      Prefix place = new Prefix(Sets.random(random), random.nextInt(Digest.NIBBLES));
      nodes.add(new Tree.Node(place, present, hashes));
    }
    return new Tree(hashSize, nodes);
  }

  private static Leaf leaf(Random random, int some) {
    List<Leaf.Bucket> buckets = new ArrayList<>();
    for (int i = 0; i <= some; i++) {
      List<Digest> digests =
          new ArrayList<>(new TreeSet<>(Sets.clustered(random, random.nextInt(5))));
      Prefix place = Prefix.ALL;
      if (!digests.isEmpty()) place = new Prefix(digests.getFirst(), random.nextInt(17));
      buckets.add(new Leaf.Bucket(place, digests));
    }
    return new Leaf(buckets);
  }

  private static DotSummary dots(Random random) {
    TreeSet<Name> names = new TreeSet<>();
    for (int i = random.nextInt(5); i > 0; i--) names.add(name(random));
    List<Writer> writers = new ArrayList<>();
    for (Name name : names) {
      List<Run> runs = new ArrayList<>();
      long last = -1;
      for (int i = random.nextInt(4); i >= 0; i--) {
        long first = last + 2 + random.nextInt(1 << random.nextInt(20));
        last = first + random.nextInt(1 << random.nextInt(20));
        runs.add(new Run(first, last));
      }
      writers.add(new Writer(name, random.nextInt(), runs));
    }
    return new DotSummary(writers);
  }

  private static Name name(Random random) {
    return new Name(random.nextLong(), random.nextLong());
  }
}
