package io.kdelta.server;

/** Limits of the edge (security.md): every one is set, none is a library's default. */
final class EdgeLimits {
  /** Largest message of a client or a peer, unless documents may be larger. */
  static final int MESSAGE_BYTES_MAX = 4 << 20;

  /** What a message needs beside its document. */
  static final int MESSAGE_OVERHEAD_BYTES = 64 << 10;

  /** Of a message that is always let in, however much others have not finished. Judged. */
  static final int SMALL_MESSAGE_BYTES_MAX = 64 << 10;

  /** Part of the heap that messages may hold whose end has not come; the network takes twice it. */
  private static final int UNFINISHED_PART = 8;

  /** How long a message may take from its first byte to its last one. Judged. */
  static final int MESSAGE_SECONDS_MAX = 20;

  /** Who sends at least so fast may take longer: 128 kbit/s. */
  static final int MESSAGE_BYTES_A_SECOND = 16 << 10;

  static final int METADATA_BYTES_MAX = 8 << 10;
  static final int CALLS_PER_CONNECTION_MAX = 64;

  /** Connections of clients and peers together. Judged. */
  static final int CONNECTIONS_MAX = 4_096;

  static final int HANDSHAKE_SECONDS_MAX = 5;

  /** A ping more often than this is abuse. */
  static final int PING_SECONDS_MIN = 5;

  static final int KEEP_ALIVE_SECONDS = 30;
  static final int KEEP_ALIVE_TIMEOUT_SECONDS = 10;
  static final int IDLE_MINUTES_MAX = 15;

  /** After so long nobody keeps a connection to another node for reads that it answers. */
  static final int REFERRAL_IDLE_SECONDS = 30;

  /** Reads that wait for the answer of another node at one time. Judged. */
  static final int REFERRALS_MAX = 1_024;

  static final int AGE_HOURS_MAX = 12;

  /** Rapid reset (CVE-2023-44487): so many RST frames in so many seconds, then goodbye. */
  static final int RESETS_MAX = 200;

  static final int RESETS_WINDOW_SECONDS = 30;

  /** Messages within messages. */
  static final int RECURSION_MAX = 32;

  /** Fields of one message and of all messages in it; about 40,000 operations of a batch. */
  static final int FIELDS_MAX = 200_000;

  /** For calls that bring no deadline of their own. */
  static final int CALL_SECONDS_DEFAULT = 10;

  /** How much sooner than the client's deadline the core has to answer. */
  static final int ANSWER_MARGIN_MILLIS = 100;

  /** What may wait for one peer, per lane. A slower peer is hung up and catches up later. */
  static final long PEER_QUEUE_BYTES_MAX = 32L << 20;

  /** A larger document is read by a worker, not by a thread of the network. */
  static final int LOOP_DOCUMENT_BYTES_MAX = 16 << 10;

  /** Import requests of one stream that may wait for their answers. */
  static final int IMPORTS_IN_FLIGHT_MAX = 8;

  static final int IMPORT_VERSIONS_MAX = 1_000;
  static final int PAGE_MAX = 1_000;
  static final int PAGE_DEFAULT = 100;
  static final int KEY_PAGE_MAX = 10_000;
  static final int KEY_PAGE_DEFAULT = 1_000;

  /** Documents of one page of an export. */
  static final long EXPORT_PAGE_BYTES_MAX = 2L << 20;

  /** Documents of one reply of a watch. */
  static final long WATCH_BYTES_MAX = 1L << 20;

  /** After so long without a change a watch gives a sign of life. */
  static final int WATCH_SECONDS_MAX = 10;

  private EdgeLimits() {}

  /** Bytes of all messages together whose end has not come, with a heap of so many bytes. */
  static long unfinishedBytesMax(long heapBytes) {
    return Math.max(2L * MESSAGE_BYTES_MAX, heapBytes / UNFINISHED_PART);
  }

  /** Largest message when documents of so many bytes are allowed. */
  static int messageBytesMax(int documentBytesMax) {
    return Math.max(MESSAGE_BYTES_MAX, documentBytesMax + MESSAGE_OVERHEAD_BYTES);
  }
}
