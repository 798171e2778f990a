package io.kdelta.cli;

import io.kdelta.causal.CausalToken;
import io.kdelta.client.TokenCarrier;
import io.kdelta.error.KdeltaException;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the command line has seen, over several commands: the token that goes with each request, and
 * the file that keeps it. A file that cannot be read or written is told of and costs the session,
 * not the command.
 */
final class Session {
  private static final String NEW = "none";

  private final TokenCarrier carrier;
  private final @Nullable TokenFile file;
  private final Consumer<String> notices;
  private boolean anew;

  private Session(
      CausalToken known, boolean anew, @Nullable TokenFile file, Consumer<String> notices) {
    this.carrier = new TokenCarrier(known);
    this.anew = anew;
    this.file = file;
    this.notices = notices;
  }

  /**
   * Goes on with a session.
   *
   * @param file that keeps it; null for one that ends with this command
   * @param given the token to go on with instead of the one kept; "none" to begin
   */
  static Session begin(@Nullable TokenFile file, @Nullable String given, Consumer<String> notices) {
    if (given != null) {
      return new Session(given(given), true, file, notices);
    }
    CausalToken kept = CausalToken.NONE;
    try {
      if (file != null) kept = file.load();
    } catch (IOException e) {
      notices.accept("the token of earlier commands cannot be read: " + e);
    }
    return new Session(kept, false, file, notices);
  }

  private static CausalToken given(String text) {
    if (text.equals(NEW)) return CausalToken.NONE;
    try {
      return TokenFile.parse(text);
    } catch (KdeltaException.Invalid e) {
      throw CliException.usage("--token: " + e.getMessage(), "--token none begins a new session");
    }
  }

  /** Puts the token into every request. */
  TokenCarrier carrier() {
    return carrier;
  }

  /** Begins a new session; whether there was one. */
  boolean forget() {
    boolean known = !carrier.token().isEmpty();
    carrier.forget();
    anew = true;
    return known;
  }

  /** Keeps what was seen for the next command. */
  void keep() {
    CausalToken seen = carrier.token();
    if (seen.partial()) {
      notices.accept(
          "the causal token names only part of what was seen: nodes that are gone and have not left"
              + " keep too many logs open");
    }
    if (file == null || (seen.isEmpty() && !anew)) return;
    try {
      file.save(seen, anew);
    } catch (IOException e) {
      notices.accept("the token of this command is not kept: " + e);
    }
  }
}
