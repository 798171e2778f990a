package io.kdelta.cli;

import org.jspecify.annotations.Nullable;

/**
 * Ends a command with a message for a person: what happened, what to do about it, and the exit code
 * for the script.
 */
final class CliException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;
  private final String reason;
  private final @Nullable String hint;

  /**
   * @param reason a word for programs, such as NOT_FOUND
   * @param message what happened and why, with the values
   * @param hint what to do, most often a command; null when nothing helps
   */
  CliException(int exitCode, String reason, String message, @Nullable String hint) {
    this(exitCode, reason, message, hint, null);
  }

  CliException(
      int exitCode,
      String reason,
      String message,
      @Nullable String hint,
      @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
    this.reason = reason;
    this.hint = hint;
  }

  /** The user wrote something that kdelta does not understand. */
  static CliException usage(String message, @Nullable String hint) {
    return new CliException(ExitCode.USAGE, "INVALID_ARGUMENT", message, hint);
  }

  int exitCode() {
    return exitCode;
  }

  String reason() {
    return reason;
  }

  @Nullable String hint() {
    return hint;
  }

  String text() {
    String message = getMessage();
    return message == null ? reason : message;
  }
}
