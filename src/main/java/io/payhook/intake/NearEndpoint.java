package io.payhook.intake;

import io.payhook.kit.Nearest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the endpoint that a wrong address was probably meant for, so that its owner can see the
 * mistake.
 */
final class NearEndpoint {
  private static final int LONGEST = 200;

  private NearEndpoint() {}

  /**
   * The name of an endpoint, or null if none is similar.
   *
   * @param path of the request, as received
   */
  static @Nullable String of(@Nullable String path, Set<String> names) {
    if (path == null || path.length() > LONGEST) {
      return null;
    }
    for (String part : decoded(path).split("[/;?#\\s\\x00]+", -1)) {
      if (!part.isEmpty() && !part.equalsIgnoreCase("webhooks")) {
        String near = Nearest.to(part, names).orElse(null);
        if (near != null) {
          return near;
        }
      }
    }
    return null;
  }

  private static String decoded(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return text;
    }
  }
}
