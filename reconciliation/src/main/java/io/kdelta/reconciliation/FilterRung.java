package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Message.Filter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A Bloom filter over one scope, as it is told and heard in parts.
 *
 * <p>Owned by one session, on its thread. What a filter denies is surely unknown to its sender.
 */
final class FilterRung {
  private final List<Octets> parts = new ArrayList<>();
  private @Nullable Filter header;
  private int heard;

  /** The key of a session's filters: neither side alone chooses it. */
  static Digest key(Name initiator, Name responder) {
    ByteSink sink = new ByteSink(64);
    for (byte letter : "recon".getBytes(StandardCharsets.US_ASCII)) sink.u8(letter);
    for (Name nonce : List.of(initiator, responder)) {
      sink.word(nonce.high());
      sink.word(nonce.low());
    }
    return Digest.sha256(sink.toBytes());
  }

  /** The code of a session's cells, under a key that is another one than the filters'. */
  static CellCode cells(Digest key) {
    return CellCode.of(Digest.sha256(key.toBytes()));
  }

  /** Takes in the next part; false when it does not continue the ones before. */
  boolean hear(Filter part) {
    Filter first = header;
    if (first == null) {
      if (part.offset() != 0) return false;
      header = part;
    } else if (heard == first.size()
        || part.offset() != heard
        || part.hash() != first.hash()
        || part.items() != first.items()
        || part.differences() != first.differences()
        || part.hashes() != first.hashes()
        || part.size() != first.size()
        || !part.nonce().equals(first.nonce())) {
      return false;
    }
    parts.add(part.part());
    heard += part.part().size();
    return true;
  }

  /** Whether a part was heard. */
  boolean hasBegun() {
    return header != null;
  }

  /** Whether every part of a filter was heard. */
  boolean isComplete() {
    return header != null && heard == header.size();
  }

  /** The header of the filter that was heard. */
  Filter header() {
    if (header == null) throw new IllegalStateException("no filter was heard");
    return header;
  }

  /** The filter that was heard, whole; once. */
  BloomFilter filter(Digest key) {
    byte[] bytes = new byte[heard];
    int at = 0;
    for (Octets part : parts) {
      part.copyTo(bytes, at);
      at += part.size();
    }
    parts.clear();
    return BloomFilter.of(key, header().hashes(), Octets.wrap(bytes));
  }

  /** The messages that carry {@code filter}; at least one. */
  static List<Message> tell(Limits limits, Filter header, BloomFilter filter) {
    int partMax = limits.frameBytesMax() - Reconciliation.MESSAGE_OVERHEAD;
    List<Message> messages = new ArrayList<>();
    int offset = 0;
    do {
      Octets part = filter.octets(offset, Math.min(partMax, filter.size() - offset));
      messages.add(
          new Filter(
              header.scope(),
              header.hash(),
              header.nonce(),
              header.items(),
              header.differences(),
              filter.hashes(),
              filter.size(),
              offset,
              part));
      offset += part.size();
    } while (offset < filter.size());
    return messages;
  }
}
