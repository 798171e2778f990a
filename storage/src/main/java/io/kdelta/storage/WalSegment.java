package io.kdelta.storage;

import io.kdelta.storage.ManifestEdit.SegmentNamed;
import io.kdelta.vfs.Vfs;

/** A segment that is named in the manifest and open for writing. */
record WalSegment(SegmentNamed named, Vfs.File file) {
  long sequence() {
    return named.sequence();
  }

  long salt() {
    return named.salt();
  }

  long bytes() {
    return named.bytes();
  }

  WalFormat.Header header(WalFormat.Link predecessor, boolean rolled) {
    return new WalFormat.Header(
        WalFormat.SEGMENT_MAGIC, salt(), sequence(), bytes(), predecessor, rolled);
  }
}
