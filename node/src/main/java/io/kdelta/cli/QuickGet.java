package io.kdelta.cli;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The commonest command in its plainest form, {@code kdelta [-s HOST:PORT] [-o FORMAT] get NS/KEY},
 * without the classes that read all others: those are most of the time that it takes to start.
 * Whatever is not plain, or not a success, is left to the whole command line, which does the same.
 */
final class QuickGet {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final Console console;
  private @Nullable String server;
  private @Nullable Format format;
  private String key = "";

  private QuickGet(Console console) {
    this.console = console;
  }

  /** Whether the command is done, and with exit code 0; else nothing has been said. */
  static boolean done(Console console, Map<String, String> environment, List<String> words) {
    QuickGet get = new QuickGet(console);
    return plain(environment) && get.understands(words) && get.answered(environment);
  }

  /** No variable stands for a flag, but that of the server. */
  private static boolean plain(Map<String, String> environment) {
    for (String name : environment.keySet()) {
      boolean known =
          name.equals("KDELTA_SERVER")
              || name.equals("KDELTA_AOT")
              || name.startsWith("KDELTA_JAVA_");
      if (name.startsWith("KDELTA_") && !known) return false;
    }
    return true;
  }

  private boolean understands(List<String> words) {
    boolean verb = false;
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      boolean more = i + 1 < words.size();
      if (word.equals("-s") && more && server == null) {
        server = words.get(++i);
      } else if (word.equals("-o") && more && format == null) {
        format = format(words.get(++i));
        if (format == null) return false;
      } else if (word.equals("get") && !verb) {
        verb = true;
      } else if (!verb || word.startsWith("-") || !key.isEmpty()) {
        return false;
      } else {
        key = word;
      }
    }
    return key.indexOf('/') > 0;
  }

  private static @Nullable Format format(String name) {
    for (Format format : Format.values()) {
      if (format.toString().equals(name)) return format;
    }
    return null;
  }

  private boolean answered(Map<String, String> environment) {
    String named = server;
    if (named == null) {
      String variable = environment.getOrDefault("KDELTA_SERVER", "");
      named = variable.isBlank() ? Servers.DEFAULT : variable;
    }
    Optional<HttpDoor.Answer> answer;
    KeyName name;
    try {
      name = KeyName.parse(key);
      Servers servers = Servers.parse(named, "");
      if (servers.addresses().size() > 1) return false;
      answer =
          HttpDoor.of(servers.addresses().getFirst(), TIMEOUT)
              .flatMap(door -> door.ask("GET", GetCommand.target(name)));
    } catch (CliException e) {
      return false;
    }
    // Several heads are told of in words that are not needed here.
    if (answer.isEmpty() || answer.get().count("kdelta-heads") > 1) return false;
    new Output(console, format).document(answer.get().body(), name.key());
    return !console.out().checkError();
  }
}
