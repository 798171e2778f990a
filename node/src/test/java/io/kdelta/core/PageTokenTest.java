package io.kdelta.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.kdelta.causal.Key;
import io.kdelta.document.Answer.Export.Cursor;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: a token goes out and comes back as the same place, and no other text is taken. Method:
 * awkward keys, then text that no list has given.
 */
final class PageTokenTest {
  private static final Digest ID = Digest.sha256(Bytes.utf8("x").toArray());

  @Test
  void everyPlaceComesBack() {
    for (String name : List.of("a", "a/b", ":", "/", "a:b/c", "\n", "\u00e9", "0".repeat(1_024))) {
      Key key = new Key("name-space.1", name);
      assertEquals(key, PageToken.key(PageToken.of(key)));
      assertEquals(new Cursor(key, null), PageToken.place(PageToken.of(new Cursor(key, null))));
      assertEquals(new Cursor(key, ID), PageToken.place(PageToken.of(new Cursor(key, ID))));
    }
    assertEquals(ID, PageToken.version(PageToken.of(ID)));
    assertNull(PageToken.key(PageToken.of((Key) null)));
    assertNull(PageToken.version(PageToken.of((Digest) null)));
    assertNull(PageToken.place(PageToken.of((Cursor) null)));
  }

  @Test
  void anythingElseIsInvalid() {
    for (String text : List.of("a", "/a", "a/", ".a/b", "a b/c", "a/\0")) {
      assertThrows(KdeltaException.Invalid.class, () -> PageToken.key(text), text);
    }
    for (String text : List.of("a", "g".repeat(64), "0".repeat(63), "0".repeat(66))) {
      assertThrows(KdeltaException.Invalid.class, () -> PageToken.version(text), text);
    }
    for (String text : List.of("a/b", ":", "x:a/b", ":a", ID.hex() + "a/b")) {
      assertThrows(KdeltaException.Invalid.class, () -> PageToken.place(text), text);
    }
  }
}
