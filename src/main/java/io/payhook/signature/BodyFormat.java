package io.payhook.signature;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** How a provider's bodies are read. */
enum BodyFormat {
  JSON,
  FORM,
  /** A form when the content type says so, else JSON. */
  AUTO,
  /** JSON in a field of a form. */
  JSON_IN_FORM,
  /** XML, in base64 or not, in a field of a form. */
  XML_IN_FORM,
  XML,
  TEXT;

  @Nullable JsonNode read(Scope scope) throws Refusal {
    byte[] body = scope.request.body();
    return switch (this) {
      case JSON -> StrictJson.parse(body);
      case FORM -> scope.form().json();
      case AUTO ->
          scope.request.header("Content-Type") != null && scope.looksLikeForm()
              ? scope.form().json()
              : StrictJson.parse(body);
      case JSON_IN_FORM -> StrictJson.parse(field(scope).getBytes(StandardCharsets.UTF_8));
      case XML_IN_FORM -> Xml.parse(xml(field(scope).strip()));
      case XML -> Xml.parse(body);
      case TEXT -> null;
    };
  }

  private static byte[] xml(String text) throws Refusal {
    try {
      return text.startsWith("<")
          ? text.getBytes(StandardCharsets.UTF_8)
          : Base64.getMimeDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw new Refusal("not-xml", "the form's field is neither XML nor XML in base64");
    }
  }

  private static String field(Scope scope) throws Refusal {
    String name = scope.plan.bodyField;
    String value = scope.form().first(name);
    if (value == null) {
      throw new Refusal("missing-field", "the form has no field '" + name + "'");
    }
    return value;
  }
}
