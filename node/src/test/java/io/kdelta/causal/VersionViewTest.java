package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.StoredRows.Placed;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.RowView;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: what is read of a row where it lies is what decoding the whole of it says. Method: seeded
 * random versions of every shape, one after the other in the same views, against the values that
 * the rows were made of.
 */
final class VersionViewTest {
  private static final long SEED = 4_711;
  private final SimEntropy entropy = new SimEntropy(SEED);
  private final RowView row = new RowView();

  @Test
  void aVersionIsWhatItWasWrittenAs() {
    VersionView view = new VersionView();
    for (int i = 0; i < 2_000; i++) {
      Version version = version();
      Bytes document = version.deleted() ? Bytes.EMPTY : Bytes.wrap(bytes(entropy.nextInt(6_000)));
      List<Dot> dots = new ArrayList<>();
      for (int dot = entropy.nextInt(4); dot > 0; dot--) {
        dots.add(new Dot(Incarnation.draw(entropy), 1 + entropy.nextInt(100)));
      }
      dots.sort(null);
      Request request = entropy.nextInt(3) == 0 ? new Request("retry-" + i, 2, 9) : null;
      Envelope envelope = new Envelope(version, dots, request, document, Bytes.EMPTY);
      long lsn = entropy.nextInt(1_000);
      row.show(new Row(Keyspace.version(version), StoredRows.version(envelope), lsn));
      view.show(row);

      assertFalse(view.isOpenHeads());
      assertTrue(view.inGroup(version.key().group()));
      assertFalse(view.inGroup(new Key("other", version.key().key()).group()));
      assertEquals(version.key().group(), view.group());
      assertEquals(version.id(), view.id());
      assertEquals(version.time(), view.time());
      assertEquals(version.deleted(), view.deleted());
      assertEquals(version.parents().size(), view.parentCount());
      assertEquals(document.size(), view.documentBytes());
      assertEquals(Head.of(version), view.head());
      assertEquals(lsn, view.lsn());
      Stored stored = view.stored();
      same(version, stored.version());
      assertEquals(dots, stored.dots());
      assertEquals(request, stored.request());
      assertEquals(StoredRows.inline(document) ? document : null, stored.inline());
      assertEquals(document.size(), stored.documentBytes());
    }
  }

  @Test
  void openHeadsAreNoVersion() {
    Key key = new Key("ns", "k");
    List<Head> heads = List.of(Head.of(version()), Head.of(version()));
    row.show(new Row(Keyspace.openHeads(key.group()), StoredRows.heads(heads), 3));
    VersionView view = new VersionView();
    view.show(row);
    assertTrue(view.isOpenHeads());
    assertTrue(view.inGroup(key.group()));
  }

  @Test
  void aPositionIsWhatItWasWrittenAs() {
    PositionView view = new PositionView();
    for (int i = 0; i < 500; i++) {
      Dot dot = new Dot(Incarnation.draw(entropy), 1 + entropy.nextInt(1_000_000));
      @Nullable Digest chain = entropy.nextInt(2) == 0 ? digest() : null;
      Digest id = digest();
      RowKey key = Keyspace.position(dot);
      row.show(new Row(key, StoredRows.position(new Placed(id, chain, i % 3 == 0)), 1));
      view.show(row);
      assertEquals(dot.incarnation(), view.incarnation());
      assertTrue(view.of(dot.incarnation()));
      assertFalse(view.of(Incarnation.draw(entropy)));
      assertEquals(dot.seq(), view.seq());
      assertEquals(id, view.id());
      assertEquals(chain != null, view.chained());
      if (chain != null) assertEquals(chain, view.chain());
    }
  }

  /** Every field, each read for itself and in any order. */
  private static void same(Version expected, Version stored) {
    assertEquals(expected.note(), stored.note());
    assertEquals(expected.content(), stored.content());
    assertEquals(expected.contentType(), stored.contentType());
    assertEquals(expected.author(), stored.author());
    assertEquals(expected.node(), stored.node());
    assertEquals(expected.time(), stored.time());
    assertEquals(expected.parentCount(), stored.parentCount());
    assertEquals(expected.parents(), stored.parents());
    assertEquals(expected.key(), stored.key());
    assertEquals(expected.kind(), stored.kind());
    assertEquals(expected.canonical(), stored.canonical());
    assertEquals(expected.id(), stored.id());
    assertEquals(expected.toString(), stored.toString());
    assertEquals(expected.id(), Version.decode(stored.canonical()).id());
  }

  private Version version() {
    boolean delete = entropy.nextInt(4) == 0;
    List<Digest> parents = new ArrayList<>();
    int count = entropy.nextInt(3) == 0 ? entropy.nextInt(Version.PARENTS_MAX + 1) : 1;
    for (int i = 0; i < count; i++) parents.add(digest());
    parents.sort(null);
    ContentType type = delete ? ContentType.NONE : ContentType.OPAQUE;
    return Version.of(
        delete ? Version.Kind.DELETE : Version.Kind.PUT,
        new Key("n" + "s".repeat(entropy.nextInt(100)), "k\u00fc\u6f22" + entropy.nextInt(1_000)),
        parents,
        new Timestamp(entropy.nextLong() >>> 1),
        NodeId.draw(entropy),
        entropy.nextInt(2) == 0 ? Bytes.EMPTY : Bytes.wrap(bytes(32)),
        type,
        delete ? Digest.ZERO : digest(),
        entropy.nextInt(2) == 0 ? "" : "because \u00e4 " + "x".repeat(entropy.nextInt(900)));
  }

  private Digest digest() {
    return new Digest(
        entropy.nextLong(), entropy.nextLong(), entropy.nextLong(), entropy.nextLong());
  }

  private byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) bytes[i] = (byte) entropy.nextLong();
    return bytes;
  }
}
