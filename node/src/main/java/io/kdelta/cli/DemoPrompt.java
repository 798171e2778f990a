package io.kdelta.cli;

import io.kdelta.cli.demo.DemoCluster;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What {@code kdelta demo --interactive} leaves: the nodes, and {@code kdelta shell} on the first
 * of them, which takes a cut and its healing as well. One thread.
 */
final class DemoPrompt implements ShellWords {
  private static final String HELP =
      """
        cut N                  cut node N off from the others
        heal                   let everything through again
        nodes                  the addresses
      """;
  private static final String GREETING =
      """
        put shop/lamp 1        any command of kdelta, on node-1; -s chooses another node
      %s\
        exit                   stop the nodes and remove their data (so does Ctrl-D)
      """
          .formatted(HELP);

  private final Console console;
  private final Map<String, String> environment;
  private final DemoCluster cluster;
  private final String program;

  /**
   * @param environment of the person, of which nothing is taken that is meant for kdelta
   */
  DemoPrompt(
      Console console, Map<String, String> environment, DemoCluster cluster, String program) {
    this.console = console;
    this.environment = new TreeMap<>(environment);
    this.environment.keySet().removeIf(variable -> variable.startsWith("KDELTA_"));
    this.environment.put("KDELTA_SERVER", cluster.address(0));
    this.cluster = cluster;
    this.program = program;
  }

  /** Returns when the person leaves, or at the end of the input. */
  void run() throws IOException {
    console.out().println();
    console.out().println("The nodes are yours, here and from other terminals:");
    nodes(console);
    console.out().print(GREETING);
    console.out().flush();
    try (Shell shell = new Shell(console, Settings.none(environment), this)) {
      if (console.inIsTerminal() && console.outIsTerminal()) {
        Servers servers = Servers.parse(cluster.address(0), "node-1");
        var _ = ShellPrompt.run(shell, console, environment, servers);
      } else {
        lines(shell);
      }
    }
  }

  private void lines(Shell shell) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8));
    Console of = ShellCommand.withInput(console, InputStream.nullInputStream());
    while (!shell.ended()) {
      console.out().print("demo> ");
      console.out().flush();
      String line = lines.readLine();
      if (line == null) {
        console.out().println();
        return;
      }
      var _ = shell.run(of, line);
    }
  }

  @Override
  public Map<String, String> words() {
    LinkedHashMap<String, String> words = new LinkedHashMap<>();
    words.put("cut", "Cut a node off from the others");
    words.put("heal", "Let everything through again");
    words.put("nodes", "Tell the addresses");
    return words;
  }

  @Override
  public String help() {
    return "\nOf the demo:\n" + HELP;
  }

  @Override
  public boolean obeyed(Console of, List<String> words) {
    // As it is shown for other terminals.
    if (words.getFirst().equals(program)) words.removeFirst();
    switch (words.isEmpty() ? "" : words.getFirst()) {
      case "cut" -> cut(of, words);
      case "heal" -> {
        cluster.heal();
        of.notice("all links let everything through");
      }
      case "nodes" -> nodes(of);
      default -> {
        return words.isEmpty();
      }
    }
    return true;
  }

  private void cut(Console of, List<String> words) {
    int nodes = cluster.addresses().size();
    String which = words.size() == 2 ? words.get(1).replace("node-", "") : "";
    if (which.length() != 1 || which.charAt(0) < '1' || which.charAt(0) > '0' + nodes) {
      throw CliException.usage("cut which one? cut 1 to cut " + nodes, null);
    }
    cluster.cut(which.charAt(0) - '1');
    of.notice("node-" + which + " is cut off from the others; heal ends it");
  }

  private void nodes(Console of) {
    int number = 1;
    for (String address : cluster.addresses()) {
      of.out().println("  node-" + number++ + "  " + program + " -s " + address + " ...");
    }
  }
}
