package io.kdelta.cli;

import io.kdelta.cli.demo.DemoCluster;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What {@code kdelta demo --interactive} leaves: the nodes, and a prompt that takes every command
 * of {@code kdelta}, a cut and its healing. One thread.
 */
final class DemoPrompt {
  private static final String HELP =
      """
      put shop/lamp 1        any command of kdelta, on node-1; -s chooses another node
      cut N                  cut node N off from the others
      heal                   let everything through again
      nodes                  the addresses
      exit                   stop the nodes and remove their data (so does Ctrl-C)
      """;

  private final Console console;
  private final DemoCluster cluster;
  private final String program;

  DemoPrompt(Console console, DemoCluster cluster, String program) {
    this.console = console;
    this.cluster = cluster;
    this.program = program;
  }

  /** Returns at {@code exit} or the end of the input. */
  void run() throws IOException {
    console.out().println();
    console.out().println("The nodes are yours, here and from other terminals:");
    nodes();
    console.out().print(HELP);
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8));
    while (true) {
      console.out().print("demo> ");
      console.out().flush();
      String line = lines.readLine();
      if (line == null) {
        console.out().println();
        return;
      }
      try {
        List<String> words = Words.of(line);
        if (!words.isEmpty() && !obey(words)) return;
      } catch (CliException e) {
        console.notice("kdelta: " + e.text());
      }
    }
  }

  private boolean obey(List<String> words) {
    switch (words.getFirst()) {
      case "exit", "quit" -> {
        return false;
      }
      case "cut" -> cut(words);
      case "heal" -> {
        cluster.heal();
        console.notice("all links let everything through");
      }
      case "nodes" -> nodes();
      case "?" -> console.out().print(HELP);
      default -> kdelta(words);
    }
    return true;
  }

  private void cut(List<String> words) {
    int nodes = cluster.addresses().size();
    String which = words.size() == 2 ? words.get(1).replace("node-", "") : "";
    if (which.length() != 1 || which.charAt(0) < '1' || which.charAt(0) > '0' + nodes) {
      throw CliException.usage("cut which one? cut 1 to cut " + nodes, null);
    }
    cluster.cut(which.charAt(0) - '1');
    console.notice("node-" + which + " is cut off from the others; heal ends it");
  }

  private void nodes() {
    int number = 1;
    for (String address : cluster.addresses()) {
      console.out().println("  node-" + number++ + "  " + program + " -s " + address + " ...");
    }
  }

  private void kdelta(List<String> words) {
    List<String> all = new ArrayList<>(words);
    if (all.getFirst().equals("kdelta") || all.getFirst().equals(program)) all.removeFirst();
    var _ = Kdelta.run(console, Map.of("KDELTA_SERVER", cluster.address(0)), all);
    console.out().flush();
  }
}
