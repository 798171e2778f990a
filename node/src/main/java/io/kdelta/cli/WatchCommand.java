package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.kdelta.client.ChangeFeed;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;
import java.util.Base64;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code kdelta watch [NS[/PREFIX]]}: prints what becomes visible until it is interrupted. When a
 * server is gone it goes on at the next one, behind what was printed.
 */
@Command(
    name = "watch",
    description = {
      "Print versions as they become visible, parents before children, until interrupted.",
      "On a terminal one line each, in a pipe one JSON value each; the last one of those that came"
          + " together has a resumeToken, with which --from goes on behind it, on any node."
    })
final class WatchCommand implements Callable<Integer> {
  private static final int TOKEN_BYTES_MAX = 8 << 10;

  private final Invocation invocation;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NS[/PREFIX]",
      description = "What to follow; nothing: all namespaces.")
  private @Nullable String where;

  @Option(names = "--from", paramLabel = "TOKEN", description = "Go on behind this resumeToken.")
  private @Nullable String from;

  @Option(
      fallbackValue = "true",
      names = "--from-start",
      description = "Begin with the oldest version.")
  private boolean fromStart;

  @Option(
      fallbackValue = "true",
      names = "--snapshot",
      description = "Begin with the current versions of all keys that have a value.")
  private boolean snapshot;

  @Option(names = "-n", paramLabel = "COUNT", description = "End after so many versions.")
  private @Nullable Long count;

  private volatile ByteString token = ByteString.EMPTY;

  /** Whether a server has answered, and so has not refused the token. */
  private volatile boolean taken;

  private long told;

  WatchCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    Format format = invocation.output().format();
    if (format == Format.CSV || format == Format.YAML) {
      throw CliException.usage("watch has no end, and so no " + format, "-o jsonl or -o raw");
    }
    if (count != null && count < 1) {
      throw CliException.usage("-n " + count + ": a count is 1 or more", null);
    }
    told = 0;
    taken = false;
    token = from == null ? ByteString.EMPTY : parse(from);
    WatchRequest first = request();
    Thread hook = new Thread(this::tellToken, "kdelta-interrupted");
    Runtime.getRuntime().addShutdownHook(hook);
    try (Client client = invocation.client()) {
      follow(client, first.toBuilder().setResumeToken(token).build());
    } catch (CliException e) {
      if (taken || e.exitCode() == ExitCode.UNREACHABLE) tellToken();
      throw e;
    } finally {
      forget(hook);
    }
    return ExitCode.DONE;
  }

  private WatchRequest request() {
    int begins = (from == null ? 0 : 1) + (fromStart ? 1 : 0) + (snapshot ? 1 : 0);
    if (begins > 1) {
      throw CliException.usage("one of --from, --from-start and --snapshot", null);
    }
    WatchRequest.Builder request = WatchRequest.newBuilder();
    if (where != null) {
      int slash = where.indexOf('/');
      request.setNamespace(slash < 0 ? where : where.substring(0, slash));
      if (slash >= 0) request.setPrefix(where.substring(slash + 1));
    }
    if (fromStart) request.setFrom(WatchRequest.From.START);
    if (snapshot) request.setFrom(WatchRequest.From.SNAPSHOT);
    return request.build();
  }

  private static ByteString parse(String text) {
    try {
      ByteString bytes = ByteString.copyFrom(Base64.getUrlDecoder().decode(text));
      if (!bytes.isEmpty() && bytes.size() <= TOKEN_BYTES_MAX) return bytes;
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw CliException.usage("--from: this is no resumeToken", "watch prints them as JSON");
  }

  /** Follows until enough was told. */
  private void follow(Client client, WatchRequest request) {
    String server = client.address();
    try (ChangeFeed feed = client.call(c -> c.watch(request))) {
      while (true) {
        WatchResponse response = feed.next();
        if (!client.address().equals(server)) {
          invocation.notice(server + " is gone; went on at " + client.address());
          server = client.address();
        }
        taken = true;
        if (tell(response)) return;
        token = response.getResumeToken();
      }
    } catch (KdeltaException | StatusRuntimeException failure) {
      throw client.told(failure);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CliException(ExitCode.INTERRUPTED, "INTERRUPTED", "interrupted", null, e);
    }
  }

  /** Whether it ends here: enough was told, or nobody reads any more. */
  private boolean tell(WatchResponse response) {
    int left = response.getVersionsCount();
    for (Version version : response.getVersionsList()) {
      left--;
      print(version, left == 0 ? response.getResumeToken() : ByteString.EMPTY);
      // It flushes, too. What the reader has not taken is not behind the token that is told.
      if (invocation.console().out().checkError()) return true;
      if (count != null && ++told == count) return true;
    }
    return false;
  }

  private void print(Version version, ByteString behind) {
    var out = invocation.console().out();
    String path = version.getNamespace() + "/" + version.getKey();
    ObjectNode json = VersionJson.of(version);
    switch (invocation.output().format()) {
      case TABLE ->
          out.println(
              Output.safe(
                  path
                      + "  "
                      + Column.head(version.getId(), 8)
                      + "  "
                      + Times.full(version.getTime())
                      + "  "
                      + VersionJson.node(version.getNodeName(), version.getNode())
                      + "  "
                      + (version.getKind() == Version.Kind.DELETE
                          ? "deleted"
                          : version.getValue().toStringUtf8())));
      case RAW -> out.println(version.getValue().toStringUtf8());
      case NAME -> out.println(Output.safe(path));
      default -> {
        json.put("resumeToken", behind.isEmpty() ? null : text(behind));
        out.println(Json.text(json));
      }
    }
  }

  private static String text(ByteString token) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token.toByteArray());
  }

  /** For the person who interrupted it. */
  private void tellToken() {
    if (token.isEmpty()) return;
    String again = where == null ? "" : " " + where;
    invocation.notice("kdelta watch" + again + " --from " + text(token) + " goes on behind this");
  }

  private static void forget(Thread hook) {
    try {
      var _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending already, and the hook speaks.
      return;
    }
  }
}
