package io.kdelta.server.http;

import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsServer;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.wire.StatusMapping;
import io.kdelta.wire.TraceParent;
import java.io.IOException;
import java.lang.System.Logger;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The port: takes requests, lets in what may come in, finds the route, and writes what it answers.
 *
 * <p>The JDK's server reads and writes while a thread waits, so each request has a virtual thread;
 * how many there may be, how long they may wait and how much they may hold is bounded. Thread-safe.
 */
public final class HttpPort implements AutoCloseable {
  private static final Logger LOGGER = System.getLogger(HttpPort.class.getName());
  private static final String WATCH = "watch";
  private static final int ALL = Integer.MAX_VALUE;

  /**
   * How the node does.
   *
   * @param alive whether the core takes its turns
   * @param unreadiness why the node is not ready; empty when it is
   * @param metrics for Prometheus
   * @param meter hears of every request
   */
  public record Probes(
      Supplier<Boolean> alive,
      Supplier<String> unreadiness,
      Supplier<String> metrics,
      Meter meter) {}

  /** Counts requests. Called on any thread. */
  public interface Meter {
    /**
     * One was answered.
     *
     * @param route one of a few; empty for a path that there is not
     * @param status of HTTP; -1 for none
     */
    void answered(String route, int status, long nanos);
  }

  private final HttpServer server;
  private final Probes probes;
  private final Predicate<HttpExchange> known;
  private final Contract contract;
  private final Admission admission;
  private final BodyRoom bodies;
  private final List<Route> routes = new ArrayList<>();
  private final List<Route> watches;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledThreadPoolExecutor timer;
  private final Writer writer;
  private final ByteRoom answers = new ByteRoom(HttpLimits.ANSWER_ROOM_BYTES, "answers");
  private final Desk desk;
  private final Semaphore streams = new Semaphore(HttpLimits.WATCHES_MAX);

  /** Held by every request until its answer is written, but watches: who closes takes all. */
  private final Semaphore answering = new Semaphore(ALL);

  private HttpPort(
      HttpServer server, Doors doors, Contract contract, Probes probes, int bodyBytesMax) {
    this.server = server;
    this.known = doors.known();
    this.contract = contract;
    this.probes = probes;
    boolean encrypted = server instanceof HttpsServer;
    this.admission =
        new Admission(new Hosts(server.getAddress(), encrypted, doors.hosts()), doors.grpcPort());
    this.bodies = new BodyRoom(bodyBytesMax);
    this.timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("kdelta-http-timer").daemon(true).factory());
    timer.setRemoveOnCancelPolicy(true);
    this.writer = new Writer(timer, doors.grpcPort());
    this.desk = new Desk(timer);
    VersionRoutes versions = new VersionRoutes(contract.versions());
    routes.addAll(new KvRoutes(contract.kv(), versions).routes());
    routes.addAll(versions.routes());
    routes.addAll(new ImportRoutes(contract.kv()).routes());
    routes.addAll(new CallRoutes(contract).routes());
    routes.addAll(new ClusterRoutes(contract.cluster()).routes());
    routes.addAll(probes(probes));
    routes.addAll(StatusPage.routes());
    List<String> parameters = List.of("prefix", "from", "resume", "limit");
    Route.Handler none =
        call -> {
          throw new AssertionError("a watch has no answer");
        };
    this.watches =
        List.of(
            Route.of("GET /v1/" + WATCH, parameters, none),
            Route.of("GET /v1/" + WATCH + "/{ns}", parameters, none));
    routes.addAll(watches);
  }

  /**
   * Who is let in.
   *
   * @param grpcPort that of this node, by which clients know it
   * @param known whether who asks may; all may ask for what needs nobody known
   * @param hosts by which names it may be called beside its address, see {@link Hosts}
   */
  public record Doors(int grpcPort, Predicate<HttpExchange> known, List<String> hosts) {
    public Doors {
      hosts = List.copyOf(hosts);
    }
  }

  /** Makes the server, bound and not started. */
  public interface Binding {
    /** An address in use is an {@link IOException}. */
    HttpServer bind(int backlog) throws IOException;
  }

  /**
   * Binds and serves.
   *
   * @param bodyBytesMax of one request
   */
  public static HttpPort open(
      Binding binding, Doors doors, Contract contract, Probes probes, int bodyBytesMax)
      throws IOException {
    HttpLimits.install();
    HttpServer server = binding.bind(HttpLimits.BACKLOG);
    HttpPort port = new HttpPort(server, doors, contract, probes, bodyBytesMax);
    server.createContext("/", port::serve);
    server.setExecutor(port.executor);
    server.start();
    return port;
  }

  /** Where it listens. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Takes no more requests, lets those under way have their answers, for seconds, and ends. */
  @Override
  public void close() {
    try {
      var _ = answering.tryAcquire(ALL, HttpLimits.LAST_ANSWERS_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    server.stop(0);
    executor.shutdownNow();
    timer.shutdownNow();
  }

  private static List<Route> probes(Probes probes) {
    return List.of(
        Route.free(
            "/healthz",
            call -> probes.alive().get() ? Answer.text(200, "ok") : Answer.text(503, "stuck")),
        Route.free(
            "/readyz",
            call -> {
              String why = probes.unreadiness().get();
              return why.isEmpty() ? Answer.text(200, "ready") : Answer.text(503, why);
            }),
        Route.free(
            "/metrics",
            call ->
                Answer.text(
                    200, "text/plain; version=0.0.4; charset=utf-8", probes.metrics().get())));
  }

  private void serve(HttpExchange exchange) throws IOException {
    long begun = System.nanoTime();
    String name = "";
    boolean counted = false;
    try {
      Answer answer;
      try {
        if (!known.test(exchange)) throw Refusal.unknown();
        admission.check(exchange);
        URI target = exchange.getRequestURI();
        Route route = route(exchange.getRequestMethod(), target.getRawPath());
        name = route.name();
        counted = !watches.contains(route) && answering.tryAcquire();
        answer = answer(exchange, route);
      } catch (Refusal e) {
        answer = e.answer();
      } catch (KdeltaException e) {
        answer = Refusal.of(StatusMapping.toGrpc(e), false).answer();
      } catch (RuntimeException | AssertionError e) {
        LOGGER.log(Logger.Level.ERROR, "a request that cannot be answered", e);
        answer = Refusal.unexpected().answer();
      }
      if (answer != null) write(exchange, answer);
    } finally {
      exchange.close();
      if (counted) answering.release();
      probes.meter().answered(name, exchange.getResponseCode(), System.nanoTime() - begun);
    }
  }

  /** Who reads slowly holds no more than there is room for. */
  private void write(HttpExchange exchange, Answer answer) throws IOException {
    int large = Math.max(0, answer.body().size() - HttpLimits.SMALL_BYTES);
    try {
      answers.take(large);
    } catch (Refusal e) {
      writer.answer(exchange, e.answer());
      return;
    }
    try {
      writer.answer(exchange, answer);
    } finally {
      answers.give(large);
    }
  }

  /** The answer, or null when it is written already. */
  private @Nullable Answer answer(HttpExchange exchange, Route route) throws IOException {
    Map<String, String> variables = route.match(exchange.getRequestURI().getRawPath());
    if (variables == null) throw new AssertionError("a route that was found and is none");
    Params params = Params.parse(exchange.getRequestURI().getRawQuery());
    params.only(route.parameters());
    try (BodyRoom.Body body = bodies.read(exchange)) {
      if (!watches.contains(route)) {
        HttpCall call = call(exchange, variables, params, body.bytes());
        List<String> given = exchange.getRequestHeaders().get(TraceParent.HEADER);
        return given == null ? answer(route, call) : traced(given, route, call);
      }
    }
    // For as long as it goes on it holds no room of bodies: it has no use for one.
    watch(exchange, call(exchange, variables, params, ByteString.EMPTY));
    return null;
  }

  private HttpCall call(
      HttpExchange exchange, Map<String, String> variables, Params params, ByteString body) {
    return new HttpCall(exchange.getRequestHeaders(), variables, params, body, desk);
  }

  /** Carries it out as a call that somebody may trace. */
  private Answer traced(List<String> given, Route route, HttpCall call) {
    Optional<TraceParent> parent = TraceParent.sampled(given);
    if (parent.isEmpty()) return answer(route, call);
    TraceParent.Call traced =
        new TraceParent.Call(parent.get(), route.method() + ":" + route.name());
    Context context = Context.current().withValue(TraceParent.CALL, traced);
    Context before = context.attach();
    try {
      return answer(route, call);
    } finally {
      context.detach(before);
    }
  }

  private Answer answer(Route route, HttpCall call) {
    Answer answer;
    try {
      Route.Handler handler = route.handler();
      answer = route.asks() ? desk.serve(() -> handler.handle(call)) : handler.handle(call);
    } catch (Refusal e) {
      answer = e.answer();
    }
    ByteString told = call.told();
    return told.isEmpty() ? answer : answer.with(HttpCall.TOKEN, HttpCall.text(told));
  }

  private void watch(HttpExchange exchange, HttpCall call) throws IOException {
    WatchRequest request =
        EventStream.request(call, exchange.getRequestHeaders().getFirst("Last-Event-ID"));
    if (!streams.tryAcquire()) {
      throw Refusal.overloaded("there are " + HttpLimits.WATCHES_MAX + " watches already");
    }
    try {
      new EventStream(writer).run(contract.watch(), request, exchange);
    } catch (StatusRuntimeException e) {
      throw Refusal.of(e, false);
    } finally {
      streams.release();
    }
  }

  private Route route(String method, String path) {
    List<String> others = new ArrayList<>();
    for (Route route : routes) {
      if (route.match(path) == null) continue;
      if (route.takes(method)) return route;
      others.add(route.method());
    }
    if (!others.isEmpty()) throw Refusal.method(method, String.join(", ", others));
    throw Refusal.of(
        404,
        Code.UNIMPLEMENTED,
        "NO_ROUTE",
        "there is nothing at this path",
        "/v1/kv/NAMESPACE/KEY is a document, / the status page");
  }
}
