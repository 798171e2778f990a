package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kdelta.env.SimEntropy;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: whatever bytes lie in the files of a store, opening and reading it answers rightly or with
 * a typed error, and ends. Method: seeded {@link Mutation}s of the files of a {@link Specimen}, one
 * and several at a time, files swapped for others, and files of random bytes; the specimen judges.
 */
final class StoreFuzzTest {
  private final Specimen specimen = new Specimen();
  private final SortedMap<String, byte[]> files = specimen.files();
  private final List<String> names = new ArrayList<>(files.keySet());

  @Test
  void oneFileMutated() {
    EnumSet<Specimen.Outcome> outcomes = EnumSet.noneOf(Specimen.Outcome.class);
    for (int seed = 1; seed <= 1_500; seed++) {
      SimEntropy dice = new SimEntropy(seed);
      String name = names.get(dice.nextInt(names.size()));
      Mutation mutation = Mutation.draw(dice);
      outcomes.add(judge(seed, name, mutation.of(content(name), dice), mutation.toString()));
    }
    outcomes.remove(Specimen.Outcome.CUT);
    assertEquals(EnumSet.complementOf(EnumSet.of(Specimen.Outcome.CUT)), outcomes);
  }

  @Test
  void severalFilesMutatedSeveralTimes() {
    for (int seed = 1; seed <= 500; seed++) {
      SimEntropy dice = new SimEntropy(seed);
      SimVfs copy = specimen.disk.copy(dice);
      for (int i = 0; i <= dice.nextInt(6); i++) {
        String name = names.get(dice.nextInt(names.size()));
        byte[] content = content(name);
        for (int j = 0; j <= dice.nextInt(3); j++) content = Mutation.draw(dice).of(content, dice);
        Specimen.replace(copy, name, content);
      }
      var _ = specimen.judge(copy, Long.MAX_VALUE, "seed " + seed);
    }
  }

  @Test
  void filesInEachOthersPlace() {
    for (String name : names) {
      for (String other : names) {
        if (name.equals(other)) continue;
        var _ = judge(1, name, content(other), "in the place of " + other);
      }
    }
  }

  private byte[] content(String name) {
    return Objects.requireNonNull(files.get(name));
  }

  private Specimen.Outcome judge(long seed, String name, byte[] content, String what) {
    SimVfs copy = specimen.disk.copy(new SimEntropy(seed));
    Specimen.replace(copy, name, content);
    // Nothing in the youngest log proves that its end was ever synced.
    long cutMax = name.equals(specimen.youngestLog()) ? Long.MAX_VALUE : 2;
    return specimen.judge(copy, cutMax, "seed " + seed + ": " + what + " of " + name);
  }
}
