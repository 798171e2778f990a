package io.kdelta.cli;

/** What a run of the command line ends with. The numbers are part of the contract with scripts. */
final class ExitCode {
  static final int DONE = 0;
  static final int UNEXPECTED = 1;
  static final int USAGE = 2;
  static final int NOT_FOUND = 3;
  static final int CONFLICT = 4;
  static final int NOT_ALLOWED = 5;
  static final int UNREACHABLE = 6;
  static final int DIFFERENT = 7;
  static final int CORRUPT = 8;
  static final int INTERRUPTED = 130;

  private ExitCode() {}
}
