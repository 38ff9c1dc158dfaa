package io.payhook.signature;

import java.util.Objects;

/**
 * An answer a platform demands before, or beside, its events: it proves that the URL is ours.
 *
 * @param status the status code to answer with
 * @param contentType the content type of the answer
 * @param text the answer, in UTF-8
 */
public record Handshake(int status, String contentType, String text) implements Verdict {
  public Handshake {
    Objects.requireNonNull(contentType, "contentType");
    Objects.requireNonNull(text, "text");
  }
}
