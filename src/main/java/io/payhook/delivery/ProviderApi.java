package io.payhook.delivery;

import io.payhook.signature.Confirmation;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A provider's own API, which knows whether an event is true; route tests have a stand-in. */
public interface ProviderApi {

  /**
   * An answer.
   *
   * @param from who answered, for messages: without path and query, which may contain a key
   * @param status HTTP status
   * @param retryAfter the header of that name, or null
   */
  record Answer(String from, int status, @Nullable String retryAfter, byte[] body) {}

  /**
   * Asks about an event.
   *
   * @throws IOException if there is no answer
   * @throws IllegalArgumentException if the event lacks what the request needs
   */
  Answer ask(Confirmation confirmation, Confirmation.Kept event)
      throws IOException, InterruptedException;
}
