package io.payhook.delivery;

import io.payhook.journal.Claim;
import org.jspecify.annotations.Nullable;

/** What a lane runs for each claim: a route, or a confirmation with a provider. */
interface Work {
  /** Runs once, on the caller's thread; returns the exception it ended with, or null. */
  @Nullable Exception run(Claim claim, @Nullable Object parsed);

  /** Whether it settles a successful claim itself. */
  default boolean settles() {
    return false;
  }
}
