package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.Message.Filter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The Bloom rung: what a filter denies is surely unknown to its sender and is pushed.
 *
 * <p>Owned by one session, on its thread. The initiator sends a filter over its set. The responder
 * pushes what fails it and answers with a filter over the <em>survivors</em> only, those of its ids
 * that passed: all that both hold is among them, so what fails the second filter is unknown to the
 * responder, and the second filter is as small as the overlap. What passes by mistake stays hidden
 * on either side until the closing root check finds the roots unequal and the drill-down runs.
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

  /** Takes in the next part; false when it does not continue the ones before. */
  boolean hear(Filter part) {
    Filter first = header;
    if (first == null) {
      if (part.offset() != 0) return false;
      header = part;
    } else if (heard == first.size()
        || part.offset() != heard
        || part.items() != first.items()
        || part.hashes() != first.hashes()
        || part.size() != first.size()
        || !part.nonce().equals(first.nonce())) {
      return false;
    }
    parts.add(part.part());
    heard += part.part().size();
    return true;
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

  /** The filter that was heard, whole. */
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

  /** The messages that carry a filter over {@code digests}; at least one. */
  static List<Message> tell(
      Limits limits, Digest key, Name nonce, double rate, long count, Iterable<Digest> digests) {
    BloomFilter filter = BloomFilter.sized(key, count, rate, limits.filterBytesMax());
    if (filter.hashes() > 0) {
      for (Digest digest : digests) filter.add(digest);
    }
    int partMax = limits.frameBytesMax() - Reconciliation.MESSAGE_OVERHEAD;
    List<Message> messages = new ArrayList<>();
    int offset = 0;
    do {
      Octets part = filter.octets(offset, Math.min(partMax, filter.size() - offset));
      messages.add(new Filter(nonce, count, filter.hashes(), filter.size(), offset, part));
      offset += part.size();
    } while (offset < filter.size());
    return messages;
  }
}
