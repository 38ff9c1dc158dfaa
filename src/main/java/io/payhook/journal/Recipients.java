package io.payhook.journal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who gets an event. */
@FunctionalInterface
public interface Recipients {
  /**
   * One recipient a delivery; each result is good for one event.
   *
   * @param provider the preset that took the event, where its endpoint has several; else null
   */
  List<Recipient> of(String endpoint, @Nullable String provider, String type);
}
