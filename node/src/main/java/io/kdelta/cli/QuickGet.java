package io.kdelta.cli;

import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The commonest command in its plainest form, {@code kdelta [-s HOST:PORT] [-o FORMAT] get NS/KEY},
 * without the classes that read all others: those are most of the time that it takes to start.
 * Whatever is not plain, or not a success, is left to the whole command line, which does the same.
 */
final class QuickGet {
  private static final long TIMEOUT_NANOS = 10_000_000_000L;

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
    if (!get.understands(words)) return false;
    Map<String, String> variables;
    try {
      variables = Settings.read(environment, null).variables();
    } catch (CliException e) {
      return false;
    }
    return plain(variables) && get.answered(variables);
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
    HttpLine line;
    KeyName name;
    try {
      name = KeyName.parse(key);
      Servers servers = Servers.parse(named, "");
      if (servers.addresses().size() > 1) return false;
      line = HttpLine.to(servers.addresses().getFirst(), System.nanoTime() + TIMEOUT_NANOS);
    } catch (CliException e) {
      return false;
    }
    if (line == null) return false;
    StringBuilder target = new StringBuilder("GET /v1/kv/");
    target.append(HttpLine.encoded(name.namespace())).append('/');
    target.append(HttpLine.encoded(name.key()));
    HttpLine.Answer answer;
    try {
      answer = line.ask(target.toString(), "", null);
    } catch (SocketTimeoutException e) {
      return false;
    }
    // Several heads are told of in words that are not needed here.
    if (answer == null || answer.status() != 200 || answer.count("Kdelta-Heads") > 1) return false;
    Format shown = Format.orUsual(format, console.outIsTerminal());
    DocumentText.print(console, shown, answer.text(), name.key());
    return !console.out().checkError();
  }
}
