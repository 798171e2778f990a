package io.kdelta.cli.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;

/**
 * Three nodes on this machine, each a process, with a proxy in every link. It owns the processes
 * and a directory below that of temporary files, and leaves nothing of either behind: a hook closes
 * it when the process is interrupted, a {@link Reaper} when it is killed. One thread, but {@link
 * #close}.
 */
public final class DemoCluster implements AutoCloseable {
  private static final int NODES = 3;
  private static final int PORT_MIN = 7978;
  private static final int PORT_STEP = 10;

  /** How often a node may find its port taken between the look and the start. */
  private static final int STARTS_MAX = 5;

  private final List<String> kdelta;
  private final Path folder;
  private final Reaper reaper;
  private final Partition partition = new Partition();
  private final ConcurrentSkipListMap<Long, String> processes = new ConcurrentSkipListMap<>();
  private final List<DemoNode> nodes = new ArrayList<>();
  private final Thread hook = new Thread(this::end, "kdelta-demo-end");
  private boolean closed;

  /** {@code kdelta}: the words that run kdelta as a process; the verb comes behind them. */
  public DemoCluster(List<String> kdelta) throws IOException {
    this.kdelta = List.copyOf(kdelta);
    this.folder = Files.createTempDirectory("kdelta-demo-");
    this.reaper = new Reaper(folder);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Starts all nodes and waits until each serves. */
  public void start() throws IOException, InterruptedException {
    for (int i = 1; i <= NODES; i++) {
      String name = "node-" + i;
      nodes.add(new DemoNode(name, folder, new LinkProxy(name, partition, this::processes)));
    }
    int port = PORT_MIN;
    for (DemoNode node : nodes) {
      launch(node, port);
      port = node.port() + PORT_STEP;
    }
    for (DemoNode node : nodes) {
      for (int starts = 1; !node.awaitReady(); starts++) {
        if (starts == STARTS_MAX) throw new IOException(node.name() + " finds no free port");
        launch(node, port);
        port = node.port() + PORT_STEP;
      }
    }
  }

  private Map<Long, String> processes() {
    return processes;
  }

  /** One at a time with {@link #stop}: no process comes that nobody ends. */
  private synchronized void launch(DemoNode node, int portMin) throws IOException {
    if (closed) throw new IOException("the demo is being ended");
    String others =
        nodes.stream()
            .filter(other -> other != node)
            .map(DemoNode::roadAddress)
            .collect(Collectors.joining(","));
    Process process = node.start(kdelta, portMin, others);
    processes.put(process.pid(), node.name());
    reaper.begun(process);
  }

  /** Where everything lies that the demo writes. */
  public Path folder() {
    return folder;
  }

  /** HOST:PORT of every node, in order. */
  public List<String> addresses() {
    return nodes.stream().map(DemoNode::address).toList();
  }

  /** HOST:PORT of one of them. */
  public String address(int index) {
    return nodes.get(index).address();
  }

  /** Cuts a node off from the others; clients reach it still. */
  public void cut(int index) {
    partition.isolate(nodes.get(index).name());
  }

  /** Lets everything through again. */
  public void heal() {
    partition.heal();
  }

  /** Bytes that the links of a node to the others have carried so far, both ways. */
  public long carriedBytes(int index) {
    return partition.carriedBytes(nodes.get(index).name());
  }

  private void end() {
    try {
      stop();
    } catch (IOException e) {
      // The reaper ends with this process, and does what is left.
      return;
    }
  }

  private synchronized void stop() throws IOException {
    if (closed) return;
    closed = true;
    for (DemoNode node : nodes) {
      node.close();
      Process process = node.process();
      if (process == null) continue;
      var _ = process.destroyForcibly().onExit().join();
      reaper.ended(process);
    }
    reaper.close();
  }

  /** Kills the nodes and removes the directory. */
  @Override
  public void close() throws IOException {
    stop();
    try {
      var _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending, and the hook finds nothing left to do.
      return;
    }
  }
}
