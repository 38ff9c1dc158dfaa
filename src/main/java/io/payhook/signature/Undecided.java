package io.payhook.signature;

import java.util.Objects;

/**
 * Nothing can be said about a request yet, since what it must be checked with is on its way: the
 * sender should send it again.
 *
 * @param why for a person who looks into it, never for the sender
 */
public record Undecided(String why) implements Verdict {
  public Undecided {
    Objects.requireNonNull(why, "why");
  }
}
