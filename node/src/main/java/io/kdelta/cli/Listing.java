package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Function;

/**
 * Many things of one kind, to be written in any format.
 *
 * @param plural name of the list in JSON, such as {@code keys}
 * @param columns what a table or CSV shows
 * @param name the bare key or id of an item
 * @param json the item in JSON; for most lists the item itself
 * @param items read once, in order; may fetch page after page
 */
record Listing(
    String plural,
    List<Column> columns,
    Function<ObjectNode, String> name,
    Function<ObjectNode, String> json,
    Iterable<ObjectNode> items) {

  Listing(
      String plural,
      List<Column> columns,
      Function<ObjectNode, String> name,
      Iterable<ObjectNode> items) {
    this(plural, columns, name, Json::text, items);
  }
}
