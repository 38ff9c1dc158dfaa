package io.payhook.signature;

import static io.payhook.signature.Template.Context.ANSWER;
import static io.payhook.signature.Template.Context.CONFIRM;
import static io.payhook.signature.Template.Context.EVENT;
import static io.payhook.signature.Template.Context.REPLY;
import static io.payhook.signature.Template.Context.SIGNED;
import static io.payhook.signature.Template.Context.WIRE;

import io.payhook.signature.Template.Context;
import java.util.Set;

/** What a place of a template may name, and in which templates. */
enum Word {
  BODY("body", Name.NONE, SIGNED, CONFIRM),
  TIMESTAMP("timestamp", Name.NONE, SIGNED, EVENT),
  ID("id", Name.NONE, SIGNED, EVENT),
  METHOD("method", Name.NONE, SIGNED, EVENT),
  URL("url", Name.NONE, SIGNED, EVENT),
  URL_WITH_PORT("url-with-port", Name.NONE, SIGNED, EVENT),
  URL_WITHOUT_PORT("url-without-port", Name.NONE, SIGNED, EVENT),
  URL_DECODED("url-decoded", Name.NONE, SIGNED, EVENT),
  SORTED_FORM("sorted-form", Name.NONE, SIGNED, EVENT),
  FORM_FIELDS("form-fields", Name.NONE, SIGNED),
  CRC32("crc32", Name.NONE, SIGNED, EVENT),
  SHA256("sha256", Name.NONE, SIGNED, EVENT),
  SECRET("secret", Name.NONE, SIGNED, CONFIRM),
  SECRET_ENCODED("secret-encoded", Name.NONE, SIGNED),
  SECRET_USER("secret-user", Name.NONE, CONFIRM),
  SECRET_PASSWORD("secret-password", Name.NONE, CONFIRM),
  SECRET_BASIC("secret-basic", Name.NONE, CONFIRM),
  SECRET_ID("secret-id", Name.NONE, REPLY),
  TYPE("type", Name.NONE, EVENT, CONFIRM, ANSWER),
  RAW_TYPE("raw-type", Name.NONE, EVENT),
  RECEIVED("received", Name.NONE, EVENT),
  TOKEN("token", Name.NONE, CONFIRM, REPLY),
  HMAC("hmac", Name.NONE, REPLY),
  POINTER("/", Name.POINTER, SIGNED, WIRE, Context.TYPE, EVENT, CONFIRM, ANSWER, REPLY),
  ROOT("root", Name.POINTER, SIGNED, WIRE, Context.TYPE, EVENT, CONFIRM),
  JSON("json", Name.POINTER, SIGNED),
  STRINGIFY("stringify", Name.POINTER_OR_NONE, SIGNED),
  MONEY("money", Name.POINTER, SIGNED),
  LISTED("listed", Name.POINTER, SIGNED),
  NULLABLE("nullable", Name.POINTER, SIGNED),
  FLAG("flag", Name.POINTER, SIGNED),
  HAS("has", Name.POINTER_AND_TEXT, Context.TYPE, EVENT, ANSWER),
  POSITIVE("positive", Name.POINTER_AND_TEXT, Context.TYPE, EVENT, ANSWER),
  HEADER("header", Name.TEXT, SIGNED, WIRE, Context.TYPE, EVENT, CONFIRM, REPLY),
  QUERY("query", Name.TEXT, SIGNED, WIRE, Context.TYPE, EVENT, CONFIRM, REPLY),
  FORM("form", Name.TEXT, SIGNED, WIRE, Context.TYPE, EVENT, CONFIRM, REPLY),
  PART("part", Name.TEXT, SIGNED, WIRE, EVENT),
  PARAM("params", Name.TEXT, SIGNED, Context.TYPE, EVENT, CONFIRM, REPLY),
  CONST("const", Name.TEXT, SIGNED, WIRE, Context.TYPE, EVENT, CONFIRM, ANSWER, REPLY);

  /** What stands after the word's colon. */
  enum Name {
    NONE(""),
    TEXT(":NAME"),
    POINTER(":/pointer"),
    POINTER_OR_NONE(""),
    POINTER_AND_TEXT(":/pointer=TEXT");

    private final String shown;

    Name(String shown) {
      this.shown = shown;
    }
  }

  final String text;
  final Name name;

  @SuppressWarnings("ImmutableEnumChecker") // a set that can't be changed
  private final Set<Context> contexts;

  Word(String text, Name name, Context... contexts) {
    this.text = text;
    this.name = name;
    this.contexts = Set.of(contexts);
  }

  boolean isAllowed(Context context) {
    return contexts.contains(context);
  }

  /** How it is written. */
  String shown() {
    return this == POINTER ? "/pointer" : text + name.shown;
  }
}
