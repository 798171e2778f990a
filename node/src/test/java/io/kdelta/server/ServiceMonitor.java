package io.kdelta.server;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.SecretKeySelector;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Of the Prometheus operator (monitoring.coreos.com/v1), the fields that a node is scraped by. */
record ServiceMonitor(String apiVersion, String kind, ObjectMeta metadata, Spec spec) {
  record Spec(LabelSelector selector, List<Endpoint> endpoints) {}

  record Endpoint(
      String port,
      String path,
      String interval,
      @Nullable String scheme,
      @Nullable TlsConfig tlsConfig) {}

  record TlsConfig(String serverName, Source ca) {}

  record Source(SecretKeySelector secret) {}
}
