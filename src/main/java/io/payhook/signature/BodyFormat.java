package io.payhook.signature;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** How a provider's bodies are read. */
enum BodyFormat {
  JSON {
    @Override
    JsonNode read(Scope scope) throws Refusal {
      return StrictJson.parse(scope.request.body());
    }
  },
  FORM {
    @Override
    JsonNode read(Scope scope) throws Refusal {
      return scope.form().json();
    }
  },
  /** A form when the content type says so, else JSON. */
  AUTO {
    @Override
    JsonNode read(Scope scope) throws Refusal {
      boolean form = scope.request.header("Content-Type") != null && scope.looksLikeForm();
      return form ? scope.form().json() : StrictJson.parse(scope.request.body());
    }
  },
  /** JSON in a field of a form. */
  JSON_IN_FORM {
    @Override
    JsonNode read(Scope scope) throws Refusal {
      return StrictJson.parse(field(scope).getBytes(StandardCharsets.UTF_8));
    }
  },
  /** XML, in base64 or not, in a field of a form. */
  XML_IN_FORM {
    @Override
    JsonNode read(Scope scope) throws Refusal {
      String text = field(scope).strip();
      if (text.startsWith("<")) {
        return Xml.parse(text.getBytes(StandardCharsets.UTF_8));
      }
      try {
        return Xml.parse(Base64.getMimeDecoder().decode(text));
      } catch (IllegalArgumentException e) {
        throw new Refusal("not-xml", "the form's field is neither XML nor XML in base64");
      }
    }
  },
  XML {
    @Override
    JsonNode read(Scope scope) throws Refusal {
      return Xml.parse(scope.request.body());
    }
  },
  TEXT {
    @Override
    @Nullable JsonNode read(Scope scope) {
      return null;
    }
  };

  abstract @Nullable JsonNode read(Scope scope) throws Refusal;

  private static String field(Scope scope) throws Refusal {
    String name = scope.plan.bodyField;
    String value = scope.form().first(name);
    if (value == null) {
      throw new Refusal("missing-field", "the form has no field '" + name + "'");
    }
    return value;
  }
}
