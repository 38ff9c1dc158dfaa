package io.payhook.signature;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request as it came over the wire: nothing decoded, nothing merged, nothing dropped.
 *
 * @param method the request method, in upper case
 * @param url the absolute URL as this server saw it, with its query ({@code
 *     http://host:8080/webhooks/payments?x=1}); which URL the sender signed is a matter of the
 *     provider's {@code url.*} settings
 * @param headers in the order they came, duplicates kept
 * @param body the exact bytes
 */
public record RawRequest(String method, String url, List<Header> headers, byte[] body) {

  /** One header line. Names compare without regard to case. */
  public record Header(String name, String value) {
    public Header {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(value, "value");
    }
  }

  public RawRequest {
    Objects.requireNonNull(method, "method");
    Objects.requireNonNull(url, "url");
    Objects.requireNonNull(body, "body");
    headers = List.copyOf(headers);
  }

  /** The first value of a header, or null when the request has no such header. */
  public @Nullable String header(String name) {
    for (int i = 0; i < headers.size(); i++) {
      Header header = headers.get(i);
      if (header.name().equalsIgnoreCase(name)) {
        return header.value();
      }
    }
    return null;
  }

  /** This request with a header added, in the place of any of the same name. */
  public RawRequest withHeader(String name, String value) {
    List<Header> changed = new ArrayList<>(withoutHeader(name).headers);
    changed.add(new Header(name, value));
    return new RawRequest(method, url, changed, body);
  }

  /** This request without any header of that name. */
  public RawRequest withoutHeader(String name) {
    return new RawRequest(
        method,
        url,
        headers.stream().filter(header -> !header.name().equalsIgnoreCase(name)).toList(),
        body);
  }

  /** The query of its URL with the question mark; empty where it has none. */
  public String query() {
    int mark = url.indexOf('?');
    return mark < 0 ? "" : url.substring(mark);
  }

  /** A GET as if its query had come as a form: what it says then stands where forms have it. */
  RawRequest asForm() {
    byte[] query = query().replaceFirst("^[?]", "").getBytes(StandardCharsets.UTF_8);
    return withHeader("Content-Type", "application/x-www-form-urlencoded").withBody(query);
  }

  /** This request with another body. */
  public RawRequest withBody(byte[] changed) {
    return new RawRequest(method, url, headers, changed);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RawRequest that
        && method.equals(that.method)
        && url.equals(that.url)
        && headers.equals(that.headers)
        && Arrays.equals(body, that.body);
  }

  @Override
  public int hashCode() {
    return Objects.hash(method, url, headers, Arrays.hashCode(body));
  }

  /** Without header values and body: those may hold secrets and personal data. */
  @Override
  public String toString() {
    return method + " " + url + " (" + headers.size() + " headers, " + body.length + " bytes)";
  }
}
