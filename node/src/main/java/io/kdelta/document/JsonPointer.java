package io.kdelta.document;

/** Paths into a document as RFC 6901 writes them: "" is the whole, "/a/0" a place within. Pure. */
final class JsonPointer {
  /** The whole document. */
  static final String ROOT = "";

  private JsonPointer() {}

  /** The path of the member {@code name} of the object at {@code path}. */
  static String member(String path, String name) {
    return path + "/" + name.replace("~", "~0").replace("/", "~1");
  }

  /** The path of the item {@code index} of the array at {@code path}. */
  static String item(String path, int index) {
    return path + "/" + index;
  }
}
