package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: chores happen once each and in their order, and are told of in that order, in whatever
 * order the pieces that are out are run and come back. Method: random orders of runs and returns.
 */
final class ChoresTest {
  private static final int PIECES = 40;

  private final List<Integer> ran = new ArrayList<>();
  private final List<Integer> told = new ArrayList<>();

  @Test
  void theOrderIsKept() {
    for (long seed = 1; seed <= 200; seed++) {
      ran.clear();
      told.clear();
      String where = "seed " + seed;
      work(new SimEntropy(seed), where);
      List<Integer> all = new ArrayList<>();
      for (int i = 0; i < PIECES; i++) all.add(i);
      assertEquals(all, ran, where);
      assertEquals(all, told, where);
    }
  }

  private void work(SimEntropy chance, String where) {
    Chores chores = new Chores(StorageWork.Kind.CHORE);
    List<Chores.Piece> out = new ArrayList<>();
    List<Chores.Piece> back = new ArrayList<>();
    int asked = 0;
    int done = 0;
    while (done < PIECES) {
      switch (chance.nextInt(4)) {
        case 0 -> {
          if (asked < PIECES) add(chores, asked++);
        }
        case 1 -> chores.take().ifPresent(out::add);
        case 2 -> {
          if (out.isEmpty()) continue;
          Chores.Piece piece = out.remove(chance.nextInt(out.size()));
          piece.run();
          back.add(piece);
        }
        default -> {
          if (back.isEmpty()) continue;
          back.remove(chance.nextInt(back.size())).done();
          done++;
        }
      }
      assertTrue(told.size() <= ran.size() && done <= told.size(), where);
    }
    assertTrue(chores.take().isEmpty(), where);
  }

  private void add(Chores chores, int number) {
    chores.add(() -> ran.add(number), () -> told.add(number));
  }
}
