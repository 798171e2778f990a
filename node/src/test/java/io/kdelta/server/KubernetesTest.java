package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: what deploy/k8s says is what Kubernetes knows, what a node takes, and as safe as we want
 * it. Method: every document read into the types of Kubernetes, those of the base as they lie there
 * and those of each overlay as {@code kubectl kustomize} makes them, and our rules asked of them.
 */
final class KubernetesTest {
  private static final Path K8S = Path.of(System.getProperty("kdelta.root", ".."), "deploy", "k8s");
  private static final String PREFIX = "KDELTA_";
  private static final int HTTP_PORT = Address.PORT_DEFAULT + 2;

  /** What a node needs to close its files when everything else has ended. */
  private static final int CLOSE_SECONDS = 10;

  @Test
  void theBaseAsItLiesThere() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.list(K8S.resolve("base"))) {
      for (Path file : files.sorted().toList()) {
        if (file.endsWith("kustomization.yaml")) continue;
        all.append("---\n").append(Files.readString(file));
      }
    }
    holds(Manifests.parse(all.toString()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev", "prod", "tls"})
  void anOverlay(String name) throws Exception {
    Optional<Manifests> built = Manifests.build(K8S.resolve(Path.of("overlays", name)));
    assumeTrue(built.isPresent(), "there is no kubectl here to make " + name + " of its parts");
    holds(built.get());
    boolean encrypted = !name.equals("dev");
    assertEquals(encrypted, config(built.get()).network().tls().isPresent());
    if (encrypted) encrypts(built.get());
    assertEquals(name.equals("prod") ? 1 : 0, built.get().all(ServiceMonitor.class).size());
  }

  @Test
  void aFieldThatKubernetesDoesNotKnow() {
    String typo = "apiVersion: apps/v1\nkind: StatefulSet\nspec: {replica: 3}\n";
    assertThrows(UnrecognizedPropertyException.class, () -> Manifests.parse(typo));
    String deep =
        "apiVersion: apps/v1\nkind: StatefulSet\nspec: {template: {spec: {containers: "
            + "[{name: a, readinesProbe: {}}]}}}\n";
    assertThrows(UnrecognizedPropertyException.class, () -> Manifests.parse(deep));
    assertThrows(
        IllegalArgumentException.class, () -> Manifests.parse("apiVersion: v2\nkind: Pod\n"));
  }

  private static void holds(Manifests all) {
    StatefulSet set = all.only(StatefulSet.class);
    PodSpec pod = set.getSpec().getTemplate().getSpec();
    Container node = pod.getContainers().getFirst();
    assertEquals("Parallel", set.getSpec().getPodManagementPolicy());
    assertEquals(false, pod.getEnableServiceLinks(), "else KDELTA_PORT is a flag");
    assertEquals(false, pod.getAutomountServiceAccountToken());
    assertEquals(1, all.only(PodDisruptionBudget.class).getSpec().getMaxUnavailable().getIntVal());
    secure(pod, node);
    probed(node);
    selected(all, set);
    ports(all, node);
    services(all, set);
    graceful(pod, node);
    mounted(set, pod, node);
    assertTrue(config(all).network().exposed());
  }

  private static void secure(PodSpec pod, Container node) {
    PodSecurityContext context = pod.getSecurityContext();
    assertEquals(true, context.getRunAsNonRoot());
    assertTrue(context.getRunAsUser() > 0);
    assertEquals("RuntimeDefault", context.getSeccompProfile().getType());
    SecurityContext own = node.getSecurityContext();
    assertEquals(true, own.getReadOnlyRootFilesystem());
    assertEquals(false, own.getAllowPrivilegeEscalation());
    assertEquals(List.of("ALL"), own.getCapabilities().getDrop());
    assertFalse(node.getResources().getLimits().isEmpty());
  }

  private static void probed(Container node) {
    Probe liveness = node.getLivenessProbe();
    int patience = liveness.getPeriodSeconds() * liveness.getFailureThreshold();
    assertTrue(patience >= 60, "a restart costs more than a wait of " + patience + " s");
    boolean encrypted = node.getEnv().stream().anyMatch(e -> e.getName().equals("KDELTA_TLS_CERT"));
    for (Probe probe : List.of(node.getStartupProbe(), node.getReadinessProbe())) {
      if (encrypted) assertEquals("HTTPS", probe.getHttpGet().getScheme());
      else assertEquals(Address.PORT_DEFAULT, probe.getGrpc().getPort());
    }
    Probe startup = node.getStartupProbe();
    assertTrue(startup.getPeriodSeconds() * startup.getFailureThreshold() >= 600);
  }

  private static void selected(Manifests all, StatefulSet set) {
    Map<String, String> labels = set.getSpec().getTemplate().getMetadata().getLabels();
    List<Map<String, String>> selectors =
        List.of(
            set.getSpec().getSelector().getMatchLabels(),
            all.only(PodDisruptionBudget.class).getSpec().getSelector().getMatchLabels(),
            all.only(NetworkPolicy.class).getSpec().getPodSelector().getMatchLabels());
    for (Map<String, String> selector : selectors) chosen(selector, labels);
    for (Service service : all.all(Service.class)) chosen(service.getSpec().getSelector(), labels);
    set.getSpec()
        .getTemplate()
        .getSpec()
        .getTopologySpreadConstraints()
        .forEach(spread -> chosen(spread.getLabelSelector().getMatchLabels(), labels));
    for (ServiceMonitor monitor : all.all(ServiceMonitor.class)) {
      Map<String, String> wanted = monitor.spec().selector().getMatchLabels();
      long services =
          all.all(Service.class).stream()
              .filter(s -> s.getMetadata().getLabels().entrySet().containsAll(wanted.entrySet()))
              .count();
      assertEquals(1, services, "each node is to be scraped once");
    }
  }

  private static void chosen(Map<String, String> selector, Map<String, String> labels) {
    assertFalse(selector.isEmpty(), "chooses every pod");
    assertTrue(labels.entrySet().containsAll(selector.entrySet()), selector + " of " + labels);
  }

  private static void ports(Manifests all, Container node) {
    TreeMap<String, Integer> ports = new TreeMap<>();
    for (ContainerPort port : node.getPorts()) ports.put(port.getName(), port.getContainerPort());
    assertEquals(Map.of("grpc", Address.PORT_DEFAULT, "http", HTTP_PORT), ports);
    for (Service service : all.all(Service.class)) {
      for (ServicePort port : service.getSpec().getPorts()) {
        assertEquals(ports.get(port.getTargetPort().getStrVal()), port.getPort());
      }
    }
    NodeConfig.Network network = config(all).network();
    assertEquals(Address.PORT_DEFAULT, network.listen().port());
    assertEquals(HTTP_PORT, network.http().orElseThrow().port());
  }

  private static void services(Manifests all, StatefulSet set) {
    String peers = set.getSpec().getServiceName();
    Service headless =
        all.all(Service.class).stream()
            .filter(service -> service.getMetadata().getName().equals(peers))
            .findAny()
            .orElseThrow();
    assertEquals("None", headless.getSpec().getClusterIP());
    assertEquals(true, headless.getSpec().getPublishNotReadyAddresses());
    NodeConfig config = config(all);
    assertEquals(List.of(peers + ".space.svc:7878"), config.identity().join());
    assertEquals(
        "pod-0." + peers + ".space.svc:7878",
        config.network().advertise().orElseThrow().toString());
    assertEquals("pod-0", config.identity().name());
  }

  private static void graceful(PodSpec pod, Container node) {
    long first = node.getLifecycle().getPreStop().getSleep().getSeconds();
    long needed =
        first + NodeServer.DRAIN_SECONDS_MAX + NodeServer.CALLS_SECONDS_MAX + CLOSE_SECONDS;
    assertTrue(pod.getTerminationGracePeriodSeconds() >= needed, "needs " + needed + " s");
  }

  private static void mounted(StatefulSet set, PodSpec pod, Container node) {
    TreeSet<String> there = new TreeSet<>();
    pod.getVolumes().forEach(volume -> there.add(volume.getName()));
    set.getSpec()
        .getVolumeClaimTemplates()
        .forEach(claim -> there.add(claim.getMetadata().getName()));
    TreeSet<String> paths = new TreeSet<>();
    for (VolumeMount mount : node.getVolumeMounts()) {
      assertTrue(there.remove(mount.getName()), mount.getName());
      if (!Boolean.TRUE.equals(mount.getReadOnly())) paths.add(mount.getMountPath());
    }
    assertEquals(new TreeSet<String>(), there, "volumes that nobody mounts");
    assertEquals(new TreeSet<>(List.of("/data", "/tmp")), paths);
  }

  private static void encrypts(Manifests all) {
    NodeConfig.Tls tls = config(all).network().tls().orElseThrow();
    assertTrue(tls.clientsAuthenticate());
    StatefulSet set = all.only(StatefulSet.class);
    VolumeMount mount =
        set.getSpec().getTemplate().getSpec().getContainers().getFirst().getVolumeMounts().stream()
            .filter(one -> one.getName().equals("tls"))
            .findAny()
            .orElseThrow();
    assertEquals(true, mount.getReadOnly());
    assertTrue(tls.files().key().orElseThrow().startsWith(mount.getMountPath()));
  }

  /** What a node makes of its environment; every variable of ours has to be a setting. */
  private static NodeConfig config(Manifests all) {
    Container node =
        all.only(StatefulSet.class).getSpec().getTemplate().getSpec().getContainers().getFirst();
    assertEquals(List.of("start"), node.getArgs());
    TreeMap<String, String> settings = new TreeMap<>();
    TreeSet<String> known = new TreeSet<>();
    for (EnvVar variable : node.getEnv()) {
      known.add(variable.getName());
      if (!variable.getName().startsWith(PREFIX)) continue;
      String value =
          variable.getValue().replace("$(POD_NAME)", "pod-0").replace("$(POD_NAMESPACE)", "space");
      assertFalse(value.contains("$("), value);
      if (value.contains("pod-0")) assertTrue(known.contains("POD_NAME"), "is named before");
      if (value.contains("space")) assertTrue(known.contains("POD_NAMESPACE"), "is named before");
      String key =
          variable.getName().substring(PREFIX.length()).toLowerCase(Locale.ROOT).replace('_', '-');
      if (!key.equals("log-format")) settings.put(key, value);
    }
    return NodeSettings.read(Optional.empty(), settings);
  }
}
