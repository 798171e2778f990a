package io.kdelta.sim;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Which seed caught a planted bug when all were sought from seed 1 on ({@code mvn -Psim verify}): a
 * build that is to be quick tries that one first. A seed that no longer catches its bug costs time
 * and nothing else, for then it is sought from seed 1 on again.
 *
 * <p>The resource planted-bugs.seeds: a line "number seed name" for each bug, sorted by number.
 */
final class KnownSeeds {
  private static final String RESOURCE = "/planted-bugs.seeds";

  private final Map<String, Long> seeds = new TreeMap<>();

  /** Those of the resource. */
  static KnownSeeds read() {
    KnownSeeds known = new KnownSeeds();
    try (InputStream in = KnownSeeds.class.getResourceAsStream(RESOURCE)) {
      if (in == null) throw new AssertionError("no resource " + RESOURCE);
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        String[] parts = line.split(" ", 3);
        known.seeds.put(key(Integer.parseInt(parts[0]), parts[2]), Long.parseLong(parts[1]));
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return known;
  }

  /** None. */
  static KnownSeeds none() {
    return new KnownSeeds();
  }

  /** The seed that caught that bug. */
  OptionalLong of(PlantedBug bug) {
    Long seed = seeds.get(key(bug.number(), bug.name()));
    return seed == null ? OptionalLong.empty() : OptionalLong.of(seed);
  }

  /** That seed has caught that bug. */
  void add(PlantedBug bug, long seed) {
    seeds.put(key(bug.number(), bug.name()), seed);
  }

  /** As the resource has it. */
  String format() {
    StringBuilder text = new StringBuilder();
    seeds.forEach((key, seed) -> {
      int space = key.indexOf(' ');
      int number = Integer.parseInt(key.substring(0, space));
      text.append(number).append(' ').append(seed).append(key.substring(space)).append('\n');
    });
    return text.toString();
  }

  private static String key(int number, String name) {
    return String.format(Locale.ROOT, "%02d %s", number, name);
  }
}
