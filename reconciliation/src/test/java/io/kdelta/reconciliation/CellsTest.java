package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: symbols and cells are the same bits on every machine; what is kept up is what a pass over
 * the set gives; cells of the size rule come apart in nearly all cases, and no cells whatever make
 * the peeler run on. Method: fixed vectors, models over seeded sets, measured rates, crafted cells.
 */
final class CellsTest {
  private static final Digest KEY =
      Digest.fromHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");

  private static final List<String> SYMBOLS =
      List.of("df3f6172f61d024b", "67abddc16fad7bbe", "26b25dc27fd9e1be");

  private static final List<List<Integer>> CELLS =
      List.of(
          List.of(0, 1, 3, 6, 11, 13, 22, 50, 59, 78, 124, 179, 374, 1017, 1789),
          List.of(0, 3, 6, 16, 27, 31, 51, 90, 204, 322, 441, 722, 793, 902, 962, 1035),
          List.of(0, 2, 3, 4, 8, 11, 12, 327, 484, 1064, 1098));

  private static final String EPOCH_KEY =
      "954d82453f0014f409e66c473b160a3016ee635542de2afda86fcd479005ce62";
  private static final String CHECKPOINT =
      "5fded7d6de5025d02d66268d1e9b708993239385d232fdde22b7e96199c40eec";

  @Test
  void symbolsAndCellsAreFixed() {
    CellCode code = CellCode.of(KEY);
    List<Digest> ids = Sets.numbered(3);
    List<String> symbols = new ArrayList<>();
    List<List<Integer>> cells = new ArrayList<>();
    for (Digest id : ids) {
      symbols.add(Long.toHexString(code.symbol(id)));
      cells.add(cells(code, code.symbol(id), 2_000));
    }
    assertEquals(SYMBOLS, symbols);
    assertEquals(CELLS, cells);
    assertEquals(EPOCH_KEY, CellCode.epochKey(1, 2, 3).hex());
    // Two hundred symbols over all cells: a difference in one bit of one step would show.
    EpochCells many = EpochCells.of(3, KEY, Sets.numbered(200));
    assertEquals(CHECKPOINT, Digest.sha256(many.checkpoint()).hex());
  }

  @Test
  void aSymbolBeginsWithItsId() {
    CellCode code = CellCode.of(KEY);
    for (Digest id : Sets.numbered(500)) {
      long symbol = code.symbol(id);
      assertEquals(id.first() >>> 40, symbol >>> 40);
      assertEquals(symbol >>> 20, code.name(id, 44, 20));
      assertEquals(((id.first() >>> 48) << 7) | ((symbol >>> 33) & 0x7f), code.name(id, 23, 7));
      for (int cell : cells(code, symbol, 1_000)) assertTrue(code.isPure(symbol, cell));
    }
  }

  @Test
  void cellsThinOutAsTheyShould() {
    // Cell i holds a symbol with probability 1 / (1 + i / 2).
    CellCode code = CellCode.of(KEY);
    Random random = new Random(1);
    int[] held = new int[1_000];
    int symbols = 20_000;
    for (int i = 0; i < symbols; i++) {
      for (int cell : cells(code, code.symbol(Sets.random(random)), held.length)) held[cell]++;
    }
    for (int from = 0; from < held.length; from = 2 * from + 1) {
      double expected = 0;
      double found = 0;
      for (int i = from; i < Math.min(held.length, 2 * from + 1); i++) {
        expected += symbols / (1 + i / 2.0);
        found += held[i];
      }
      assertTrue(Math.abs(found - expected) < 5 * Math.sqrt(expected) + 1, "from cell " + from);
    }
  }

  @Test
  void whatIsKeptUpIsWhatAPassGives() {
    Random random = new Random(2);
    List<Digest> ids = Sets.random(random, 400);
    EpochCells kept = EpochCells.empty(7, KEY);
    CellSketch before = kept.snapshot();
    long[] none = before.range(0, EpochCells.COUNT);
    for (Digest id : ids) kept.add(id);
    CellSketch all = kept.snapshot();
    for (Digest id : ids.subList(0, 100)) kept.remove(id);
    assertArrayEquals(none, before.range(0, EpochCells.COUNT));
    CellSketch pass = CellSketch.of(7, KEY, MerkleTree.of(ids));
    assertArrayEquals(pass.range(0, 5_000), all.range(0, 5_000));
    CellSketch rest = CellSketch.of(7, KEY, MerkleTree.of(ids.subList(100, 400)));
    assertArrayEquals(rest.range(10, 5_000), kept.snapshot().range(10, 5_000));
    assertEquals(300, kept.count());
    // A session takes away and adds on a sketch of its own.
    CellSketch changed = all;
    MerkleTree set = MerkleTree.of(ids);
    for (Digest id : ids.subList(0, 100)) {
      set = set.remove(id);
      changed = changed.with(id, set);
    }
    assertArrayEquals(rest.range(0, 5_000), changed.range(0, 5_000));
    assertArrayEquals(pass.range(0, 5_000), all.range(0, 5_000));
  }

  @Test
  void checkpointsComeBackOrNotAtAll() {
    EpochCells cells = EpochCells.of(9, KEY, Sets.numbered(50));
    byte[] checkpoint = cells.checkpoint();
    EpochCells back = EpochCells.restore(checkpoint);
    assertNotNull(back);
    assertEquals(50, back.count());
    assertEquals(9, back.epoch());
    assertEquals(KEY, back.key());
    assertArrayEquals(checkpoint, back.checkpoint());
    Random random = new Random(3);
    for (int i = 0; i < 200; i++) {
      byte[] damaged = checkpoint.clone();
      damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      assertNull(EpochCells.restore(damaged));
    }
    assertNull(EpochCells.restore(new byte[0]));
  }

  @Test
  void cellsOfTheSizeRuleComeApart() {
    for (int differences : List.of(1, 2, 5, 10, 15, 16, 32, 64, 100, 1_000, 5_000)) {
      int failed = 0;
      int tried = differences > 1_000 ? 20 : 300;
      for (int seed = 0; seed < tried; seed++) {
        Random random = new Random(seed * 31L + differences);
        CellCode code = CellCode.of(Sets.random(random));
        List<Digest> ids = Sets.random(random, differences);
        // As sessions ask for them: for a twelfth more than the estimate, and one top-up.
        int size = (int) Math.ceil(1.3 * CellPeeler.cellsFor(1.12 * differences));
        long[] cells = CellSketch.encode(code, ids, 0, size);
        List<Long> symbols = CellPeeler.peel(code, cells);
        if (symbols == null) {
          failed++;
          continue;
        }
        TreeSet<Long> expected = new TreeSet<>(Long::compareUnsigned);
        for (Digest id : ids) expected.add(code.symbol(id));
        assertEquals(new ArrayList<>(expected), symbols);
      }
      assertTrue(failed * 16 <= tried, differences + ": " + failed + " of " + tried);
    }
  }

  @Test
  void ninetySixCellsAreEnoughForThirtyTwo() {
    int failed = 0;
    for (int seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      CellCode code = CellCode.of(Sets.random(random));
      long[] cells = CellSketch.encode(code, Sets.random(random, 32), 0, 96);
      if (CellPeeler.peel(code, cells) == null) failed++;
    }
    assertTrue(failed < 20, failed + " of 2000");
  }

  @Test
  void noCellsMakeThePeelerRunOn() {
    // Noise, one symbol everywhere, and cells of symbols that are each pure where they lie.
    CellCode code = CellCode.of(KEY);
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      long[] cells = new long[1 + random.nextInt(3_000)];
      long one = code.symbol(Sets.random(random));
      for (int i = 0; i < cells.length; i++) {
        cells[i] =
            switch (seed % 3) {
              case 0 -> random.nextLong();
              case 1 -> one;
              default -> pureAt(code, random, i);
            };
      }
      long[] before = cells.clone();
      List<Long> symbols = CellPeeler.peel(code, cells);
      assertArrayEquals(before, cells);
      assertNull(symbols, "seed " + seed);
    }
    assertEquals(List.of(), CellPeeler.peel(code, new long[100]));
  }

  @Test
  void symbolsThatShareAllCellsAreLeftAlone() {
    // Equal cells within a short prefix: they cancel nowhere and come apart nowhere.
    CellCode code = CellCode.of(KEY);
    Random random = new Random(5);
    long one = code.symbol(Sets.random(random));
    long two = one;
    while (two == one || !cells(code, two, 8).equals(cells(code, one, 8))) {
      two = code.symbol(Sets.random(random));
    }
    long[] cells = new long[8];
    code.toggle(one, cells);
    code.toggle(two, cells);
    assertNull(CellPeeler.peel(code, cells));
  }

  private static long pureAt(CellCode code, Random random, int index) {
    for (int tries = 0; tries < 50; tries++) {
      long symbol = code.symbol(Sets.random(random));
      if (code.isPure(symbol, index)) return symbol;
    }
    return 1;
  }

  private static List<Integer> cells(CellCode code, long symbol, int end) {
    List<Integer> cells = new ArrayList<>();
    CellCode.Walk walk = code.walk(symbol, end);
    for (int cell = walk.next(); cell >= 0; cell = walk.next()) cells.add(cell);
    return cells;
  }
}
