package io.payhook.signature;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An answer a platform demands before, or beside, its events: it proves that the URL is ours.
 *
 * @param status the status code to answer with
 * @param contentType the content type of the answer
 * @param body the answer
 */
public record Handshake(int status, String contentType, byte[] body) implements Verdict {

  public Handshake {
    Objects.requireNonNull(contentType, "contentType");
    Objects.requireNonNull(body, "body");
  }

  /** The answer as text. */
  public String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Handshake that
        && status == that.status
        && contentType.equals(that.contentType)
        && Arrays.equals(body, that.body);
  }

  @Override
  public int hashCode() {
    return Objects.hash(status, contentType, Arrays.hashCode(body));
  }

  @Override
  public String toString() {
    return "Handshake[" + status + " " + contentType + ", " + body.length + " bytes]";
  }
}
