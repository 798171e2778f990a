package io.kdelta.cli;

/**
 * A key as written on the command line: {@code NAMESPACE/KEY}; the first slash splits, further ones
 * belong to the key.
 */
record KeyName(String namespace, String key) {

  /** Reads {@code NAMESPACE/KEY}; anything else is a usage error. */
  static KeyName parse(String text) {
    int slash = text.indexOf('/');
    if (slash <= 0 || slash == text.length() - 1) {
      throw CliException.usage(
          "'" + text + "' is not a key: write NAMESPACE/KEY, for example users/alice",
          slash < 0 ? "kdelta ls " + text : null);
    }
    return new KeyName(text.substring(0, slash), text.substring(slash + 1));
  }

  @Override
  public String toString() {
    return namespace + "/" + key;
  }
}
