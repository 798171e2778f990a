package io.kdelta.reconciliation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * What a lying peer puts on the stream in place of what it should say: legal messages that nobody
 * asked for, its victim's own root as its own, what was said before in this life, what the victim
 * has just said, versions that nobody announced, frames of noise, and silence.
 */
final class FuzzLiar {
  private static final int KEPT_MAX = 64;

  private final Random random;
  private final MessageCodec codec;
  private final List<byte[]> kept = new ArrayList<>();

  FuzzLiar(Random random, Limits limits) {
    this.random = random;
    this.codec = new MessageCodec(limits);
  }

  /** Remembers what was said by anybody. */
  void overhear(Object said) {
    if (!(said instanceof byte[] frame)) return;
    if (kept.size() < KEPT_MAX) kept.add(frame);
    else kept.set(random.nextInt(KEPT_MAX), frame);
  }

  /** What it says to a victim in place of the truth; empty when it says nothing. */
  Optional<Object> inPlaceOf(Object truth, FuzzPeer victim) {
    return switch (random.nextInt(12)) {
      case 0, 1 -> Optional.of(codec.encode(RandomMessage.draw(random)));
      case 2 -> Optional.of(codec.encode(new Message.Root(victim.held().root(), DotReport.NONE)));
      case 3 ->
          Optional.of(
              codec.encode(
                  new Message.Done(victim.held().root(), random.nextInt(2), List.of(), 0)));
      case 4 -> Optional.of(codec.encode(new Message.Over(random.nextInt(3), List.of())));
      case 5, 6 -> Optional.of(kept.isEmpty() ? truth : kept.get(random.nextInt(kept.size())));
      case 7 -> Optional.of(Sets.random(random));
      case 8 -> Optional.of(noise());
      case 9 -> Optional.empty();
      default -> Optional.of(truth);
    };
  }

  private byte[] noise() {
    byte[] noise = new byte[random.nextInt(200)];
    random.nextBytes(noise);
    return noise;
  }
}
