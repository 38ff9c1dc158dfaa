package io.payhook.intake;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.payhook.signature.RawRequest;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A request's headers and target as they are stored. Of a header or query parameter that carries a
 * credential, only the name is kept, no matter who added it: a gateway in front of Payhook forwards
 * its own.
 */
final class Credentials {
  /** Parts of names that indicate a credential; masking one header too many costs little. */
  private static final Pattern CREDENTIAL =
      Pattern.compile(
          "authorization|cookie|api[-_]?key|access[-_]?key|functions-key|subscription-key|token|secret|passw|credential|jwt|assertion|session",
          Pattern.CASE_INSENSITIVE);

  private Credentials() {}

  /**
   * The headers as JSON: {@code [[name, value], …]}, readable by people and by {@code
   * json_array_elements}.
   *
   * @param secrets names of additional headers whose value is a secret
   */
  static String masked(List<RawRequest.Header> headers, List<String> secrets) {
    StringBuilder json = new StringBuilder(64 * headers.size() + 2).append('[');
    JsonStringEncoder encoder = JsonStringEncoder.getInstance();
    for (RawRequest.Header header : headers) {
      if (json.length() > 1) {
        json.append(", ");
      }
      json.append("[\"");
      encoder.quoteAsString(header.name(), json);
      json.append("\", \"");
      encoder.quoteAsString(isSecret(header.name(), secrets) ? "(secret)" : header.value(), json);
      json.append("\"]");
    }
    return json.append(']').toString();
  }

  /**
   * The target with its query.
   *
   * @param secrets names of additional parameters whose value is a secret
   */
  static String masked(String target, List<String> secrets) {
    int query = target.indexOf('?') + 1;
    if (query == 0) {
      return target;
    }
    return Stream.of(target.substring(query).split("&", -1))
        .map(
            parameter -> {
              int value = parameter.indexOf('=') + 1;
              return value > 0 && isSecret(parameter.substring(0, value - 1), secrets)
                  ? parameter.substring(0, value) + "(secret)"
                  : parameter;
            })
        .collect(Collectors.joining("&", target.substring(0, query), ""));
  }

  private static boolean isSecret(String name, List<String> secrets) {
    return CREDENTIAL.matcher(name).find() || secrets.stream().anyMatch(name::equalsIgnoreCase);
  }
}
