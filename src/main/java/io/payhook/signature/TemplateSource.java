package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Currencies;
import io.payhook.kit.Digests;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** One source of a place: what a word names, and how it is read from a request. */
record TemplateSource(Word word, String name, @Nullable JsonPointer pointer) {

  /**
   * The source that a text names; null when its word is none.
   *
   * @throws IllegalArgumentException when what follows the word is wrong
   */
  static @Nullable TemplateSource parse(String text) {
    if (text.startsWith("/")) {
      return new TemplateSource(Word.POINTER, text, JsonPointer.compile(text));
    }
    int colon = text.indexOf(':');
    String first = colon < 0 ? text : text.substring(0, colon);
    String name = colon < 0 ? "" : text.substring(colon + 1).strip();
    for (Word word : Word.values()) {
      if (word != Word.POINTER && word.text.equals(first)) {
        return named(word, name);
      }
    }
    return null;
  }

  private static TemplateSource named(Word word, String name) {
    Word.Name wanted = word.name;
    boolean text = wanted == Word.Name.POINTER_AND_TEXT;
    int equals = name.indexOf('=');
    String lacks =
        name.isEmpty() && wanted != Word.Name.NONE && wanted != Word.Name.POINTER_OR_NONE
            ? "needs a name"
            : !name.isEmpty() && wanted == Word.Name.NONE
                ? "takes no name"
                : text && equals < 0 ? "needs a text" : null;
    if (lacks != null) {
      throw new IllegalArgumentException(
          "'%s' %s; write %s".formatted(word.text, lacks, word.shown()));
    }
    if (wanted == Word.Name.NONE || wanted == Word.Name.TEXT) {
      return new TemplateSource(word, name, null);
    }
    String pointer = text ? name.substring(0, equals) : name;
    if (!pointer.isEmpty() && !pointer.startsWith("/")) {
      throw new IllegalArgumentException(
          "'" + pointer + "' is not a JSON Pointer; one begins with '/'");
    }
    return new TemplateSource(word, name, JsonPointer.compile(pointer));
  }

  @Nullable String text(Scope scope) throws Refusal {
    Secret secret = scope.secret;
    return switch (word) {
      case BODY -> utf8(scope.request.body());
      case TIMESTAMP -> scope.textAt(scope.plan.timestamp.from);
      case ID -> scope.textAt(scope.plan.signature.id);
      case METHOD -> scope.request.method();
      case URL -> scope.url();
      case URL_WITH_PORT -> PublicUrl.port(scope.url(), true);
      case URL_WITHOUT_PORT -> PublicUrl.port(scope.url(), false);
      case URL_DECODED -> PublicUrl.decoded(scope.url());
      case SORTED_FORM -> scope.plan.signature.sortedForm(scope);
      case CRC32 -> crc32(scope.request.body());
      case SHA256 ->
          Digests.sha256Hex(scope.itemBytes != null ? scope.itemBytes : scope.request.body());
      case FORM_FIELDS -> SignedText.formFields(scope);
      case SECRET -> secret == null ? null : secret.value();
      case SECRET_ENCODED -> secret == null ? null : SignedText.urlEncoded(secret.value());
      case SECRET_USER -> secret == null ? null : secret.user();
      case SECRET_PASSWORD -> secret == null ? null : secret.password();
      case SECRET_BASIC -> secret == null ? null : base64(secret.value());
      case SECRET_ID -> secret == null ? null : secret.id();
      case TYPE -> scope.type;
      case RAW_TYPE -> scope.rawType;
      case RECEIVED -> Long.toString(scope.now.toEpochMilli());
      case TOKEN -> scope.token;
      case HMAC -> scope.hmac;
      case POINTER -> at(scope.here());
      case ROOT -> at(scope.json());
      case JSON -> {
        byte[] slice = bytes(scope);
        yield slice == null ? null : utf8(slice);
      }
      case STRINGIFY -> SignedText.stringify(node(scope.json()));
      case MONEY -> SignedText.money(scope, at(scope.here()));
      case LISTED -> SignedText.listed(scope.here(), pointer);
      case NULLABLE -> {
        String text = at(scope.here());
        yield text == null || text.equals("null") ? "" : text;
      }
      case FLAG -> "true".equals(at(scope.here())) ? "t" : "f";
      case HAS -> {
        JsonNode node = node(scope.here());
        yield node == null || node.isNull() ? null : behindEquals();
      }
      case POSITIVE -> {
        String text = at(scope.here());
        BigDecimal number = text == null ? null : Currencies.number(text);
        yield number == null || number.signum() <= 0 ? null : behindEquals();
      }
      case HEADER -> scope.header(name);
      case QUERY -> scope.query().first(name);
      case FORM -> scope.form().first(name);
      case PART -> part(scope.parts.get(name));
      case PARAM -> scope.plan.params.get(name);
      case CONST -> name;
    };
  }

  byte @Nullable [] bytes(Scope scope) throws Refusal {
    if (word == Word.BODY) {
      return scope.request.body();
    }
    if (word == Word.JSON) {
      boolean there = pointer != null && node(scope.json()) != null;
      return there && pointer != null ? StrictJson.slice(scope.request.body(), pointer) : null;
    }
    String text = text(scope);
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  private @Nullable String part(@Nullable List<String> values) throws Refusal {
    if (values == null) {
      return null;
    }
    for (String value : values) {
      if (!value.equals(values.get(0))) {
        throw new Refusal(
            "ambiguous-header",
            "the signature header has '" + name + "' twice, with different values");
      }
    }
    return values.get(0);
  }

  private String behindEquals() {
    return name.substring(name.indexOf('=') + 1);
  }

  private @Nullable JsonNode node(@Nullable JsonNode from) {
    JsonNode node = from == null || pointer == null ? null : from.at(pointer);
    return node == null || node.isMissingNode() ? null : node;
  }

  private @Nullable String at(@Nullable JsonNode from) {
    return from == null || pointer == null ? null : StrictJson.text(from.at(pointer));
  }

  private static String utf8(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String crc32(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return Long.toString(crc.getValue());
  }

  /** Why a request in which it is missing is not let in. */
  Refusal missing() {
    return switch (word) {
      case HEADER -> new Refusal("missing-header", "there is no header " + name);
      case TIMESTAMP -> new Refusal("missing-timestamp", "there is no timestamp");
      case ID -> new Refusal("missing-id", "there is no message id");
      case PART -> new Refusal("bad-format", "the signature header has no part '" + name + "='");
      case SORTED_FORM ->
          new Refusal(
              "body-not-signed", "the body is not a form, so the signature does not cover it");
      case QUERY -> new Refusal("missing-field", "the URL has no query parameter '" + name + "'");
      default -> new Refusal("missing-field", "there is nothing at " + this);
    };
  }

  @Override
  public String toString() {
    return word == Word.POINTER ? name : name.isEmpty() ? word.text : word.text + ":" + name;
  }
}
