package io.kdelta.sim;

/** A scenario that can not be read: where, what was expected there, and what stands there. */
final class ScriptError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ScriptError(String source, int line, int column, String expected, String found) {
    super(source + ":" + line + ":" + column + ": expected " + expected + ", found " + found);
  }
}
