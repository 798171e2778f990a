package io.kdelta.server;

import org.jspecify.annotations.Nullable;

/** Why a node did not start, in one line for the person who tried, and what to do about it. */
public final class CannotStart extends Exception {
  private static final long serialVersionUID = 1L;

  private final String hint;

  CannotStart(String message, String hint, @Nullable Throwable cause) {
    super(message, cause);
    this.hint = hint;
  }

  /** What to do. */
  public String hint() {
    return hint;
  }
}
