package io.kdelta.image;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes an image as an OCI layout (image-spec 1.1) in one tar: oci-layout, index.json and the
 * blobs by their digests, with no time in it. What podman, skopeo, crane and containerd take. One
 * thread.
 */
final class OciLayout {
  private static final String OF_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
  private static final String OF_CONFIG = "application/vnd.oci.image.config.v1+json";
  private static final String OF_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  private static final String OF_INDEX = "application/vnd.oci.image.index.v1+json";
  private static final String EPOCH = "1970-01-01T00:00:00Z";
  private static final String HOME = "/opt/kdelta";
  private static final int MODE_FOLDER = 0755;
  private static final int MODE_FILE = 0644;
  private static final int ROOT = 0;

  private static final ObjectMapper JSON = new ObjectMapper();

  private OciLayout() {}

  /** Blobs go to the work folder first. */
  static void write(List<Layer> layers, String version, Path work, Path target) throws IOException {
    List<Layer.Written> written = new ArrayList<>();
    TreeMap<String, Path> packed = new TreeMap<>();
    for (Layer layer : layers) {
      Path file = Files.createTempFile(work, "layer", ".tar.gz");
      Layer.Written one = layer.write(file);
      written.add(one);
      packed.put(one.digest(), file);
    }
    TreeMap<String, byte[]> texts = new TreeMap<>();
    byte[] config = JSON.writeValueAsBytes(config(written, version));
    texts.put(Sha256.hex(config), config);
    byte[] manifest = JSON.writeValueAsBytes(manifest(config, written));
    texts.put(Sha256.hex(manifest), manifest);
    Path whole = target.resolveSibling(target.getFileName() + ".new");
    try (TarWriter tar =
        new TarWriter(new BufferedOutputStream(Files.newOutputStream(whole), 1 << 16))) {
      tar.file("oci-layout", MODE_FILE, ROOT, JSON.writeValueAsBytes(layout()));
      tar.file("index.json", MODE_FILE, ROOT, JSON.writeValueAsBytes(index(manifest, version)));
      tar.directory("blobs", MODE_FOLDER, ROOT);
      tar.directory("blobs/sha256", MODE_FOLDER, ROOT);
      for (Map.Entry<String, byte[]> blob : texts.entrySet()) {
        tar.file("blobs/sha256/" + blob.getKey(), MODE_FILE, ROOT, blob.getValue());
      }
      for (Map.Entry<String, Path> blob : packed.entrySet()) {
        tar.file("blobs/sha256/" + blob.getKey(), MODE_FILE, ROOT, blob.getValue());
      }
    }
    Files.move(whole, target, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Map<String, Object> layout() {
    return Map.of("imageLayoutVersion", "1.0.0");
  }

  private static Map<String, Object> index(byte[] manifest, String version) {
    Map<String, Object> entry = descriptor(OF_MANIFEST, Sha256.hex(manifest), manifest.length);
    entry.put("platform", platform());
    entry.put("annotations", Map.of("org.opencontainers.image.ref.name", "kdelta:" + version));
    LinkedHashMap<String, Object> index = new LinkedHashMap<>();
    index.put("schemaVersion", 2);
    index.put("mediaType", OF_INDEX);
    index.put("manifests", List.of(entry));
    return index;
  }

  private static Map<String, Object> manifest(byte[] config, List<Layer.Written> layers) {
    LinkedHashMap<String, Object> manifest = new LinkedHashMap<>();
    manifest.put("schemaVersion", 2);
    manifest.put("mediaType", OF_MANIFEST);
    manifest.put("config", descriptor(OF_CONFIG, Sha256.hex(config), config.length));
    List<Object> parts = new ArrayList<>();
    for (Layer.Written layer : layers) {
      parts.add(descriptor(OF_LAYER, layer.digest(), layer.size()));
    }
    manifest.put("layers", parts);
    return manifest;
  }

  private static Map<String, Object> descriptor(String type, String digest, long size) {
    LinkedHashMap<String, Object> descriptor = new LinkedHashMap<>();
    descriptor.put("mediaType", type);
    descriptor.put("digest", "sha256:" + digest);
    descriptor.put("size", size);
    return descriptor;
  }

  private static Map<String, Object> platform() {
    LinkedHashMap<String, Object> platform = new LinkedHashMap<>();
    platform.put("architecture", ImageMain.architecture());
    platform.put("os", "linux");
    return platform;
  }

  /** How a container of it runs. Who gives no other settings is asked for TLS or --insecure. */
  private static Map<String, Object> config(List<Layer.Written> layers, String version) {
    LinkedHashMap<String, Object> run = new LinkedHashMap<>();
    run.put("User", ImageMain.USER + ":" + ImageMain.USER);
    run.put("ExposedPorts", sorted("7878/tcp", "7880/tcp"));
    run.put(
        "Env",
        List.of(
            "PATH=" + HOME + "/runtime/bin",
            "HOME=/data",
            "LANG=C.UTF-8",
            "KDELTA_DATA=/data",
            "KDELTA_LISTEN=0.0.0.0:7878",
            "KDELTA_HTTP=0.0.0.0:7880"));
    run.put(
        "Entrypoint",
        List.of(
            HOME + "/runtime/bin/java", "@" + HOME + "/jvm.options", "-jar", HOME + "/kdelta.jar"));
    run.put("Cmd", List.of("start"));
    run.put("Volumes", sorted("/data"));
    run.put("WorkingDir", "/");
    run.put("StopSignal", "SIGTERM");
    TreeMap<String, String> labels = new TreeMap<>();
    labels.put("org.opencontainers.image.title", "kdelta");
    labels.put("org.opencontainers.image.description", "A replicated causal database");
    labels.put("org.opencontainers.image.licenses", "Apache-2.0");
    labels.put("org.opencontainers.image.version", version);
    run.put("Labels", labels);
    LinkedHashMap<String, Object> config = new LinkedHashMap<>();
    config.put("created", EPOCH);
    config.putAll(platform());
    config.put("config", run);
    LinkedHashMap<String, Object> contents = new LinkedHashMap<>();
    contents.put("type", "layers");
    contents.put(
        "diff_ids", layers.stream().map(layer -> "sha256:" + layer.unpackedDigest()).toList());
    config.put("rootfs", contents);
    return config;
  }

  /** A set, as Go writes one. */
  private static Map<String, Object> sorted(String... names) {
    TreeMap<String, Object> set = new TreeMap<>();
    for (String name : names) set.put(name, Map.of());
    return set;
  }
}
