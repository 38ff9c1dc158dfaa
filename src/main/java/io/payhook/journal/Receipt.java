package io.payhook.journal;

import java.util.UUID;

/**
 * What the journal made of an event, known only after the commit.
 *
 * @param id of the event in the journal; for a duplicate or a conflict that of the first one with
 *     its key
 * @param status what it was
 */
public record Receipt(UUID id, Status status) {
  /** New, seen before, or seen before with another body. */
  public enum Status {
    ACCEPTED,
    DUPLICATE,
    CONFLICT
  }
}
