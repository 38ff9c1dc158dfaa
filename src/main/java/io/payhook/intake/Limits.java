package io.payhook.intake;

import java.time.Duration;

/**
 * Limits of the intake. Together they fit into the heap: whatever comes in, the process goes on.
 *
 * @param maxBody maximum size of a body; a larger one is answered 413
 * @param inFlight requests being processed or waiting for it, with their bodies complete
 * @param bytes of all bodies in memory
 * @param parsing bytes that large bodies may occupy while they are parsed, including the result
 * @param connections open connections
 * @param bodyTime time limit for receiving a body
 * @param unsignedPerSecond requests per second to an endpoint that anyone can send events to
 */
public record Limits(
    long maxBody,
    int inFlight,
    long bytes,
    long parsing,
    int connections,
    Duration bodyTime,
    int unsignedPerSecond) {

  /** Bodies up to here are read at once; larger ones a few at a time. */
  static final int LIGHT = 32 * 1024;

  /** Bytes that a parser makes of one byte of JSON, at worst ({@code [{},{},…]}). */
  private static final int AMPLIFICATION = 32;

  /** Bytes that it makes of any body, since the number of tokens is limited. */
  private static final long TREE = 32L << 20;

  /** Bytes that a body occupies while it is parsed and stored. */
  static long reading(long body) {
    return Math.min(AMPLIFICATION * body, TREE) + 4 * body;
  }

  /**
   * Limits that fit a heap.
   *
   * @param bytes of all bodies; 0 means a quarter of the heap
   * @throws IllegalArgumentException if they do not fit; the message states what would
   */
  public static Limits within(
      long heap,
      long maxBody,
      int inFlight,
      long bytes,
      int connections,
      Duration bodyTime,
      int unsignedPerSecond) {
    long room = bytes == 0 ? heap / 4 : bytes;
    long parsing = Math.max(heap / 4, reading(maxBody));
    if (room < 2 * maxBody || room + parsing > heap / 4 * 3) {
      throw new IllegalArgumentException(
          "payhook.intake.max-body ("
              + megabytes(maxBody)
              + ") and payhook.intake.bytes-in-flight ("
              + megabytes(room)
              + (bytes == 0 ? ", a quarter of the heap" : "")
              + ") do not fit a heap of "
              + megabytes(heap)
              + ": bytes-in-flight must hold two bodies, and with the "
              + megabytes(parsing)
              + " that reading a body takes stay below three quarters of the heap. Make max-body smaller or the heap larger"
              + " (JAVA_OPTS=-Xmx"
              + megabytes(heapFor(maxBody, bytes)).replace(" MB", "m")
              + ").");
    }
    return new Limits(maxBody, inFlight, room, parsing, connections, bodyTime, unsignedPerSecond);
  }

  private static long heapFor(long maxBody, long bytes) {
    long room = Math.max(2 * maxBody, bytes);
    return Math.max(8 * maxBody, (room + reading(maxBody)) * 2);
  }

  private static String megabytes(long bytes) {
    return Math.max(1, (bytes + (1 << 20) - 1) >> 20) + " MB";
  }
}
