package io.kdelta.vfs;

/**
 * What a path may look like: parts joined by '/', each a plain name. Names never come from users,
 * so a path that breaks the rule is a bug.
 */
final class PathRule {
  private PathRule() {}

  static void check(String path) {
    if (path.isEmpty()) return;
    int start = 0;
    for (int i = 0; i <= path.length(); i++) {
      char c = i == path.length() ? '/' : path.charAt(i);
      if (c == 0 || c == '\\') throw new AssertionError("bad path: " + path);
      if (c != '/') continue;
      String part = path.substring(start, i);
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        throw new AssertionError("bad path: " + path);
      }
      start = i + 1;
    }
  }

  /** The directory that holds the name. */
  static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  /** The last part. */
  static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
