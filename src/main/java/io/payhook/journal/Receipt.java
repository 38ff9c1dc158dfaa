package io.payhook.journal;

import java.util.UUID;

/**
 * The outcome of storing an event, known only after the commit.
 *
 * @param id of the event in the journal; for a duplicate or a conflict, of the first one with its
 *     key
 * @param status the outcome
 */
public record Receipt(UUID id, Status status) {
  /** New, known, or known with a different body. */
  public enum Status {
    ACCEPTED,
    DUPLICATE,
    CONFLICT
  }
}
