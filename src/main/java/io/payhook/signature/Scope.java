package io.payhook.signature;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One request while it is being verified; whatever is parsed of it is parsed once. */
final class Scope {
  private static final String FORM = "application/x-www-form-urlencoded";

  final Plan plan;
  final RawRequest request;
  final Instant now;

  /** Names and values of a signature header such as {@code t=1,v1=ab}. */
  Map<String, List<String>> parts = Map.of();

  @Nullable JsonNode item;
  byte @Nullable [] itemBytes;

  /** What the signature that held was made over. */
  byte @Nullable [] signedContent;

  @Nullable String type;
  @Nullable String rawType;
  @Nullable Secret secret;
  @Nullable String token;
  @Nullable String hmac;

  private @Nullable JsonNode json;
  private @Nullable Form form;
  private @Nullable Form query;

  Scope(Plan plan, RawRequest request, Instant now) {
    this.plan = plan;
    this.request = request;
    this.now = now;
  }

  /** The body as the provider's settings say to read it. */
  @Nullable JsonNode json() throws Refusal {
    if (json == null && plan.bodyFormat != BodyFormat.TEXT) {
      json = plan.bodyFormat.read(this);
    }
    return json;
  }

  /** What stands at a place; null where it is none, or nothing is there. */
  @Nullable String textAt(@Nullable Template place) throws Refusal {
    return place == null ? null : place.text(this);
  }

  /** What JSON Pointers start from: the item of a batch, or the whole body. */
  @Nullable JsonNode here() throws Refusal {
    return item != null ? item : json();
  }

  Form form() throws Refusal {
    if (form == null) {
      form = Form.parse(request.body());
    }
    return form;
  }

  Form query() throws Refusal {
    if (query == null) {
      query = Form.query(request.url());
    }
    return query;
  }

  /** The one value of a header that is read as data; null when it is missing. */
  @Nullable String header(String name) throws Refusal {
    String found = null;
    List<RawRequest.Header> headers = request.headers();
    for (int i = 0; i < headers.size(); i++) {
      RawRequest.Header header = headers.get(i);
      if (header.name().equalsIgnoreCase(name)) {
        if (found != null && !found.equals(header.value())) {
          throw new Refusal(
              "ambiguous-header", "the header " + name + " came twice, with different values");
        }
        found = header.value();
      }
    }
    return found;
  }

  boolean looksLikeForm() {
    String type = request.header("Content-Type");
    return type == null || type.regionMatches(true, 0, FORM, 0, FORM.length());
  }

  String url() throws Refusal {
    return plan.publicUrl.of(request);
  }
}
