package io.kdelta.env;

import java.security.SecureRandom;

/** Chance from the operating system. Any thread; {@link #split} changes nothing. */
public final class HostEntropy implements Entropy {
  private final SecureRandom source = new SecureRandom();

  @Override
  public long nextLong() {
    return source.nextLong();
  }

  @Override
  public int nextInt(int bound) {
    return source.nextInt(bound);
  }

  @Override
  public void fill(byte[] target) {
    source.nextBytes(target);
  }

  @Override
  public Entropy split(String purpose) {
    return this;
  }
}
