package io.payhook.delivery;

import io.payhook.journal.Claim;
import org.jspecify.annotations.Nullable;

/** What a lane runs for each claim: a route, or a question to a provider. */
interface Work {
  /** Runs once, on the caller's thread; returns what went wrong, or null. */
  @Nullable Exception run(Claim claim, @Nullable Object parsed);

  /** Whether it settles by itself a claim that went well. */
  default boolean settles() {
    return false;
  }
}
