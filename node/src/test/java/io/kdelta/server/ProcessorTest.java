package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertSame;

import io.kdelta.reconciliation.BatchHasher;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Goal: documents are hashed side by side where that is known to be faster, and nowhere else.
 * Method: what Linux tells of processors.
 */
final class ProcessorTest {
  private static BatchHasher with(String line) {
    return Processor.hasher(
        Stream.of("processor\t: 0", "vendor_id\t: GenuineIntel", line, "bugs\t\t: mds", ""));
  }

  @Test
  void wideVectorsWithoutInstructionsForHashing() {
    assertSame(
        BatchHasher.SIDE_BY_SIDE,
        with("flags\t\t: fpu sse2 ssse3 avx bmi1 avx2 bmi2 avx512f avx512dq avx512bw avx512vl"));
    assertSame(BatchHasher.SIDE_BY_SIDE, with("flags\t\t: fpu sse2 ssse3 avx bmi1 avx2 bmi2"));
  }

  @Test
  void anythingElseHashesOneByOne() {
    assertSame(BatchHasher.ONE_BY_ONE, with("flags\t\t: fpu avx2 avx512f avx512bw sha_ni"));
    assertSame(BatchHasher.ONE_BY_ONE, with("flags\t\t: fpu sse2 ssse3 avx"));
    assertSame(BatchHasher.ONE_BY_ONE, with("flags\t\t:"));
    assertSame(BatchHasher.ONE_BY_ONE, with("flags"));
    assertSame(BatchHasher.ONE_BY_ONE, with("Features\t: fp asimd aes sha1 sha2 avx2"));
    assertSame(BatchHasher.ONE_BY_ONE, Processor.hasher(Stream.of()));
  }

  @Test
  void oneProcessorSpeaksForAll() {
    assertSame(
        BatchHasher.ONE_BY_ONE,
        Processor.hasher(Stream.of("flags\t\t: avx2 sha_ni", "flags\t\t: avx2")));
  }
}
