package io.kdelta.storage;

import static io.kdelta.storage.Specimen.Outcome.CUT;
import static io.kdelta.storage.Specimen.Outcome.HARMLESS;
import static io.kdelta.storage.Specimen.Outcome.REFUSED;
import static io.kdelta.storage.Specimen.Outcome.REPORTED;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kdelta.env.SimEntropy;
import io.kdelta.vfs.SimVfs;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: DETECT over whole stores: no flipped byte of any file makes the engine answer wrongly in
 * silence. Method: every byte of every kind of file of a {@link Specimen} is flipped, one at a
 * time; the copy is opened, read in every way, scrubbed and read again.
 */
final class FlippedByteTest {
  private static final int LAST_GROUP = 2;

  private final Specimen specimen = new Specimen();

  @Test
  void everyByteOfEveryKindOfFile() {
    TreeMap<String, Set<Specimen.Outcome>> outcomes = new TreeMap<>();
    for (Map.Entry<String, byte[]> file : specimen.files().entrySet()) {
      String name = file.getKey();
      String kind = name.substring(name.lastIndexOf('.') + 1);
      for (int at = 0; at < file.getValue().length; at++) {
        // In the middle of nothing one byte stands for its neighbours.
        if (at % 64 != 0 && amongZeros(file.getValue(), at)) continue;
        // Of the log every byte is flipped by LogDamageTest, below the engine.
        if (kind.equals("log") && at >= 4 * WalFormat.HEADER_BYTES && at % 4 != 0) continue;
        for (int mask :
            at % 8 == 0 ? new int[] {1 << (at / 8 % 8), 0xFF} : new int[] {1 << (at % 8)}) {
          SimVfs copy = specimen.disk.copy(new SimEntropy(at));
          copy.flip(name, at, mask);
          Specimen.Outcome outcome =
              specimen.judge(copy, LAST_GROUP, name + " byte " + at + " with " + mask);
          outcomes.computeIfAbsent(kind, _ -> EnumSet.noneOf(Specimen.Outcome.class)).add(outcome);
        }
      }
    }
    // Every byte of these is covered by a checksum that the scrub reads.
    assertEquals(Set.of(REPORTED), outcomes.getOrDefault("table", Set.of()), "" + outcomes);
    assertEquals(Set.of(REPORTED), outcomes.getOrDefault("blob", Set.of()), "" + outcomes);
    assertEquals(
        Set.of(HARMLESS, CUT, REPORTED), outcomes.getOrDefault("log", Set.of()), "" + outcomes);
    assertEquals(
        Set.of(HARMLESS, REPORTED, REFUSED),
        outcomes.getOrDefault("manifest", Set.of()),
        "" + outcomes);
    assertEquals(Set.of(HARMLESS), outcomes.getOrDefault("CURRENT", Set.of()), "" + outcomes);
  }

  private static boolean amongZeros(byte[] content, int at) {
    for (int i = Math.max(0, at - 32); i < Math.min(content.length, at + 32); i++) {
      if (content[i] != 0) return false;
    }
    return true;
  }
}
