package io.kdelta.server;

/** Which kdelta this is. */
public final class Software {
  /** From the manifest of the jar; run from classes there is none. */
  public static final String VERSION = version();

  private Software() {}

  private static String version() {
    String version = Software.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
