package io.kdelta.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Documents of Kubernetes, read into its types; a field that a type has not is an error. */
final class Manifests {
  private static final long SECONDS_MAX = 60;

  /** By apiVersion and kind. */
  private static final Map<String, Class<?>> TYPES =
      Map.of(
          "v1 Service", Service.class,
          "v1 ServiceAccount", ServiceAccount.class,
          "apps/v1 StatefulSet", StatefulSet.class,
          "policy/v1 PodDisruptionBudget", PodDisruptionBudget.class,
          "networking.k8s.io/v1 NetworkPolicy", NetworkPolicy.class,
          "monitoring.coreos.com/v1 ServiceMonitor", ServiceMonitor.class);

  private static final YAMLMapper STRICT =
      YAMLMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .annotationIntrospector(new NothingElse())
          .build();

  private final List<Object> documents;

  private Manifests(List<Object> documents) {
    this.documents = documents;
  }

  /** The types keep what they do not know for later; here there is nothing to know later. */
  private static final class NothingElse extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1L;

    @Override
    public Boolean hasAnySetter(Annotated annotated) {
      return false;
    }
  }

  /** Reads documents; whatever is of no known type, or has a field too many, is an error. */
  static Manifests parse(String yaml) throws IOException {
    List<Object> documents = new ArrayList<>();
    try (MappingIterator<JsonNode> each = STRICT.readerFor(JsonNode.class).readValues(yaml)) {
      while (each.hasNext()) documents.add(typed(each.next()));
    }
    return new Manifests(documents);
  }

  /** What {@code kubectl kustomize} makes of a folder; empty where there is no kubectl. */
  static Optional<Manifests> build(Path folder) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder("kubectl", "kustomize", folder.toString()).start();
    } catch (IOException e) {
      return Optional.empty();
    }
    String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String failed = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) process.destroyForcibly();
    if (process.waitFor() != 0) throw new IOException(folder + ": " + failed);
    return Optional.of(parse(told));
  }

  private static Object typed(JsonNode document) throws JsonProcessingException {
    String kind = document.path("apiVersion").asText() + " " + document.path("kind").asText();
    Class<?> type = TYPES.get(kind);
    if (type == null) throw new IllegalArgumentException("no type for " + kind);
    return STRICT.treeToValue(document, type);
  }

  /** All of a type. */
  <T> List<T> all(Class<T> type) {
    return documents.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /** The only one of a type. */
  <T> T only(Class<T> type) {
    List<T> found = all(type);
    if (found.size() != 1) throw new IllegalArgumentException(found.size() + " of " + type);
    return found.getFirst();
  }
}
