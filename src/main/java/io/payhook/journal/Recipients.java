package io.payhook.journal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Decides who gets an event. */
@FunctionalInterface
public interface Recipients {
  /**
   * One recipient per delivery; each result is valid for one event.
   *
   * @param provider the preset that accepted the event, if its endpoint has several; otherwise null
   */
  List<Recipient> of(String endpoint, @Nullable String provider, String type);
}
