package io.payhook.intake;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.payhook.signature.RawRequest;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A request's headers as they are kept: {@code [[name, value], …]}, readable by people and by
 * {@code json_array_elements}. Of a header that carries a credential only the name is kept, whoever
 * put it there: a gateway in front of Payhook sends its own along.
 */
final class KeptHeaders {
  /**
   * Parts of the names under which credentials travel; masking one header too many costs little.
   */
  private static final Pattern CREDENTIAL =
      Pattern.compile(
          "authorization|cookie|api-?key|access-?key|functions-key|subscription-key|token|secret|passw|credential|jwt|assertion|session",
          Pattern.CASE_INSENSITIVE);

  private KeptHeaders() {}

  /**
   * The headers as JSON.
   *
   * @param secrets names of further headers whose value is a secret
   */
  static String json(List<RawRequest.Header> headers, List<String> secrets) {
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

  private static boolean isSecret(String name, List<String> secrets) {
    return CREDENTIAL.matcher(name).find() || secrets.stream().anyMatch(name::equalsIgnoreCase);
  }
}
