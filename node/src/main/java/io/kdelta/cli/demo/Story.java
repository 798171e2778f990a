package io.kdelta.cli.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/**
 * What {@code kdelta demo} tells: write, cut, write on both sides, heal, see the branches, resolve,
 * look back, prove that all nodes hold the same. Every step is a command that can be typed in
 * another terminal, and shows what it really said. One thread.
 */
public final class Story {
  private static final String LAMP = "shop/lamp";
  private static final String LAMP_BEFORE = "{\"name\":\"Lamp\",\"price\":30,\"stock\":12}";
  private static final String LAMP_PRICE = "{\"name\":\"Lamp\",\"price\":35,\"stock\":12}";
  private static final String LAMP_STOCK = "{\"name\":\"Lamp\",\"price\":30,\"stock\":11}";
  private static final String LAMP_MERGED = "{\"name\":\"Lamp\",\"price\":35,\"stock\":11}";
  private static final String CHAIR = "shop/chair";
  private static final String TABLE = "shop/table";
  private static final int CATALOGUE_LINES = 300;

  /** A node that was cut off notices that it can be reached again within seconds. */
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private static final long LOOK_MILLIS = 100;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final DemoCluster cluster;
  private final Commands commands;
  private final Narrator narrator;
  private final List<String> exitCodes = new ArrayList<>();

  public Story(DemoCluster cluster, Commands commands, Narrator narrator) {
    this.cluster = cluster;
    this.commands = commands;
    this.narrator = narrator;
  }

  /** Tells it; answers what does not hold in the end, a sentence each: nothing, if all is well. */
  public List<String> tell() throws IOException, InterruptedException {
    write();
    String before = cut();
    List<String> answersCut = answers(LAMP, List.of(0, 2));
    List<String> rootsCut = List.of(root(0), root(2));
    heal();
    List<Integer> headsHealed = heads(LAMP);
    List<String> answersHealed = answers(LAMP, List.of(0, 1, 2));
    conflict();
    resolve();
    List<String> past = lookBack(before);
    end();
    List<String> only = new ArrayList<>();
    for (String key : List.of(CHAIR, TABLE)) {
      if (answers(key, List.of(0, 1, 2)).contains("")) only.add(key);
    }
    return new EndState(
            answersCut,
            rootsCut,
            headsHealed,
            answersHealed,
            heads(LAMP),
            answers(LAMP, List.of(0, 1, 2)),
            LAMP_MERGED,
            past,
            LAMP_BEFORE,
            List.of(root(0), root(1), root(2)),
            only,
            exitCodes)
        .problems();
  }

  private void write() throws IOException, InterruptedException {
    narrator.chapter("Three nodes, one cluster. Every node takes writes.");
    await(() -> alive(0, 3) && alive(2, 3));
    Path catalogue = catalogue();
    run(0, "import", catalogue.toString(), "--namespace", "shop");
    run(0, "put", LAMP, LAMP_BEFORE, "--ack", "all");
    run(2, "get", LAMP);
    await(this::equalRoots);
    run(0, "cluster", "status");
    narrator.say("(ADDRESS is where peers dial: the proxies. The nodes listen where -s says.)");
  }

  /** Answers a moment before the cut. */
  private String cut() throws IOException, InterruptedException {
    String before = read(0, "get", LAMP, "--meta", "-o", "json").path("time").asText();
    narrator.chapter("Cut node-3 off. Both sides go on taking writes.");
    cluster.cut(2);
    narrator.say("   node-1 ──── node-2        ╳        node-3      (every byte between is held)");
    run(0, "put", LAMP, LAMP_PRICE, "--ack", "one", "--note", "dearer");
    run(1, "put", CHAIR, "{\"name\":\"Chair\",\"price\":80}", "--ack", "one");
    run(2, "put", LAMP, LAMP_STOCK, "--ack", "local", "--note", "one sold");
    run(2, "put", TABLE, "{\"name\":\"Table\",\"price\":200}", "--ack", "local");
    narrator.chapter("Two answers, two roots: nobody pretends otherwise.");
    run(0, "get", LAMP);
    run(2, "get", LAMP);
    await(() -> !alive(0, 3) && !alive(2, 2));
    run(0, "cluster", "status");
    run(2, "cluster", "status");
    return before;
  }

  private void heal() throws IOException, InterruptedException {
    narrator.chapter("Heal the cut. Only what was missed moves, and the roots prove it.");
    long carried = cluster.carriedBytes(2);
    cluster.heal();
    narrator.say("   node-1 ──── node-2 ──── node-3");
    await(this::equalRoots);
    carried = cluster.carriedBytes(2) - carried;
    run(2, "cluster", "reconcile");
    run(2, "stats");
    long copy = read(2, "stats", "-o", "json").path("bytes").asLong();
    narrator.say(
        String.format(
            Locale.ROOT,
            "%nStreams had brought what was missed; the sessions proved by the roots that nothing"
                + " is.%nUntil the roots were equal all links of node-3 carried %,d bytes,"
                + " handshakes and gossip%nincluded; the documents alone of a full copy are %,d.",
            carried,
            copy));
  }

  private void conflict() throws IOException, InterruptedException {
    narrator.chapter("Both writes are there: a conflict is a fork that you see.");
    run(1, "conflicts");
    run(1, "log", LAMP, "--graph");
    run(1, "get", LAMP);
  }

  private void resolve() throws IOException, InterruptedException {
    narrator.chapter("Resolve it: the sides changed different fields, so they merge.");
    run(1, "resolve", LAMP, "--merge", "--ack", "all");
    run(2, "get", LAMP);
    run(2, "log", LAMP, "--graph");
  }

  private List<String> lookBack(String before) throws IOException, InterruptedException {
    narrator.chapter("Nothing is lost: look back to before the cut, on any node.");
    run(2, "get", LAMP, "--at", before);
    List<String> past = new ArrayList<>();
    for (int i = 0; i < 3; i++) past.add(text(read(i, "get", LAMP, "--at", before, "-o", "json")));
    return past;
  }

  private void end() throws IOException, InterruptedException {
    narrator.chapter("One root everywhere: proof that all three hold the same versions.");
    await(this::equalRoots);
    run(0, "cluster", "status");
  }

  private Path catalogue() throws IOException {
    Path file = cluster.folder().resolve("catalogue.jsonl");
    Files.writeString(file, Catalogue.lines(CATALOGUE_LINES), StandardCharsets.UTF_8);
    return file;
  }

  /** Shows a command, runs it, and shows what it said. */
  private void run(int node, String... words) {
    List<String> all = at(node, words);
    narrator.command(all);
    Commands.Result result = commands.run(all);
    narrator.answer(result.said());
    if (result.exitCode() != 0) {
      exitCodes.add("kdelta " + String.join(" ", all) + " ended with " + result.exitCode());
    }
  }

  private JsonNode read(int node, String... words) {
    Commands.Result result = commands.read(at(node, words));
    if (result.exitCode() != 0) return MissingNode.getInstance();
    try {
      return MAPPER.readTree(result.said());
    } catch (JsonProcessingException e) {
      return MissingNode.getInstance();
    }
  }

  private List<String> at(int node, String... words) {
    List<String> all = new ArrayList<>(List.of("-s", cluster.address(node)));
    all.addAll(List.of(words));
    return all;
  }

  private static String text(JsonNode json) {
    return json.isMissingNode() ? "" : json.toString();
  }

  private List<String> answers(String key, List<Integer> nodes) {
    return nodes.stream().map(node -> text(read(node, "get", key, "-o", "json"))).toList();
  }

  private List<Integer> heads(String key) {
    List<Integer> heads = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      heads.add(read(i, "get", key, "--heads", "-o", "json").path("heads").size());
    }
    return heads;
  }

  /** The root of a node by its own word. */
  private String root(int node) {
    for (JsonNode member : members(node)) {
      if (member.path("self").asBoolean()) return member.path("root").asText();
    }
    return "";
  }

  private boolean equalRoots() {
    String root = root(0);
    if (root.isEmpty() || !root.equals(root(1)) || !root.equals(root(2))) return false;
    // What the nodes know of each other lags a moment behind.
    for (JsonNode member : members(0)) {
      if (!member.path("root").asText().equals(root)) return false;
    }
    return true;
  }

  /** Whether a node sees so many members alive, itself included. */
  private boolean alive(int node, int count) {
    int alive = 0;
    for (JsonNode member : members(node)) {
      if (member.path("state").asText().equals("alive")) alive++;
    }
    return alive >= count;
  }

  private JsonNode members(int node) {
    return read(node, "cluster", "status", "-o", "json").path("nodes");
  }

  /** Looks until it holds or patience is at an end: what does not hold the end state tells. */
  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean() && System.nanoTime() < deadline) Thread.sleep(LOOK_MILLIS);
  }
}
