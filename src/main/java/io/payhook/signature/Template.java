package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Digests;
import io.payhook.kit.Nearest;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Text with places in braces, or one place without them: <code>{timestamp}.{body}</code>, <code>
 * {type}:{/data/id|/data/reference}</code>, {@code /event}, {@code header:X-Event-Id | /id}.
 *
 * <p>A place names one source or several, separated by {@code |}: the first that is there counts. A
 * place that ends with {@code ?} may be empty. Outside braces a backslash makes the next character
 * stand for itself, and {@code \n} a new line.
 */
final class Template {

  /** What a place may name. */
  enum Word {
    BODY("body", Name.NONE),
    TIMESTAMP("timestamp", Name.NONE),
    ID("id", Name.NONE),
    METHOD("method", Name.NONE),
    URL("url", Name.NONE),
    URL_WITH_PORT("url-with-port", Name.NONE),
    URL_WITHOUT_PORT("url-without-port", Name.NONE),
    URL_DECODED("url-decoded", Name.NONE),
    SORTED_FORM("sorted-form", Name.NONE),
    FORM_FIELDS("form-fields", Name.NONE),
    CRC32("crc32", Name.NONE),
    SHA256("sha256", Name.NONE),
    SECRET("secret", Name.NONE),
    SECRET_ENCODED("secret-encoded", Name.NONE),
    SECRET_USER("secret-user", Name.NONE),
    SECRET_PASSWORD("secret-password", Name.NONE),
    SECRET_BASIC("secret-basic", Name.NONE),
    SECRET_ID("secret-id", Name.NONE),
    TYPE("type", Name.NONE),
    RAW_TYPE("raw-type", Name.NONE),
    RECEIVED("received", Name.NONE),
    TOKEN("token", Name.NONE),
    HMAC("hmac", Name.NONE),
    POINTER("/", Name.POINTER),
    ROOT("root", Name.POINTER),
    JSON("json", Name.POINTER),
    STRINGIFY("stringify", Name.POINTER_OR_NONE),
    MONEY("money", Name.POINTER),
    LISTED("listed", Name.POINTER),
    NULLABLE("nullable", Name.POINTER),
    FLAG("flag", Name.POINTER),
    HAS("has", Name.POINTER_AND_TEXT),
    POSITIVE("positive", Name.POINTER_AND_TEXT),
    HEADER("header", Name.TEXT),
    QUERY("query", Name.TEXT),
    FORM("form", Name.TEXT),
    PART("part", Name.TEXT),
    PARAM("params", Name.TEXT),
    CONST("const", Name.TEXT);

    /** What stands after the word's colon. */
    enum Name {
      NONE,
      TEXT,
      POINTER,
      POINTER_OR_NONE,
      POINTER_AND_TEXT
    }

    final String text;
    final Name name;

    Word(String text, Name name) {
      this.text = text;
      this.name = name;
    }

    String shown() {
      return this == POINTER
          ? "/pointer"
          : switch (name) {
            case NONE, POINTER_OR_NONE -> text;
            case TEXT -> text + ":NAME";
            case POINTER -> text + ":/pointer";
            case POINTER_AND_TEXT -> text + ":/pointer=TEXT";
          };
    }
  }

  /** Words that only make sense in the text that a signature is made over. */
  private static final Set<Word> ONLY_SIGNED =
      EnumSet.of(
          Word.BODY,
          Word.JSON,
          Word.STRINGIFY,
          Word.MONEY,
          Word.LISTED,
          Word.NULLABLE,
          Word.FLAG,
          Word.FORM_FIELDS,
          Word.SECRET,
          Word.SECRET_ENCODED);

  /** Words that belong to an answer or a question of ours. */
  private static final Set<Word> ONLY_OURS =
      EnumSet.of(
          Word.TOKEN,
          Word.HMAC,
          Word.SECRET_ID,
          Word.SECRET_USER,
          Word.SECRET_PASSWORD,
          Word.SECRET_BASIC);

  /** Where a template stands decides what it may name. */
  enum Context {
    SIGNED(
        without(
            EnumSet.allOf(Word.class),
            ONLY_OURS,
            EnumSet.of(Word.TYPE, Word.RAW_TYPE, Word.RECEIVED, Word.HAS, Word.POSITIVE))),
    WIRE(
        EnumSet.of(
            Word.POINTER, Word.ROOT, Word.HEADER, Word.QUERY, Word.FORM, Word.PART, Word.CONST)),
    TYPE(
        EnumSet.of(
            Word.POINTER,
            Word.ROOT,
            Word.HAS,
            Word.POSITIVE,
            Word.HEADER,
            Word.QUERY,
            Word.FORM,
            Word.PARAM,
            Word.CONST)),
    EVENT(without(EnumSet.allOf(Word.class), ONLY_OURS, ONLY_SIGNED)),
    CONFIRM(
        EnumSet.of(
            Word.POINTER,
            Word.ROOT,
            Word.BODY,
            Word.HEADER,
            Word.FORM,
            Word.QUERY,
            Word.TYPE,
            Word.PARAM,
            Word.CONST,
            Word.TOKEN,
            Word.SECRET,
            Word.SECRET_USER,
            Word.SECRET_PASSWORD,
            Word.SECRET_BASIC)),
    ANSWER(EnumSet.of(Word.POINTER, Word.HAS, Word.POSITIVE, Word.TYPE, Word.CONST)),
    REPLY(
        EnumSet.of(
            Word.POINTER,
            Word.HEADER,
            Word.QUERY,
            Word.FORM,
            Word.PARAM,
            Word.CONST,
            Word.TOKEN,
            Word.HMAC,
            Word.SECRET_ID));

    @SuppressWarnings("ImmutableEnumChecker") // never changed, never let out
    final Set<Word> words;

    Context(Set<Word> words) {
      this.words = words;
    }

    @SafeVarargs
    private static Set<Word> without(EnumSet<Word> all, Set<Word>... less) {
      for (Set<Word> some : less) {
        all.removeAll(some);
      }
      return all;
    }
  }

  /** One source of a place. */
  record Source(Word word, String name, @Nullable JsonPointer pointer) {

    @Nullable String text(Scope scope) throws Refusal {
      return switch (word) {
        case BODY -> utf8(scope.request.body());
        case TIMESTAMP -> scope.plan.timestampText(scope);
        case ID -> scope.plan.idText(scope);
        case METHOD -> scope.request.method();
        case URL -> scope.url();
        case URL_WITH_PORT -> PublicUrl.port(scope.url(), true);
        case URL_WITHOUT_PORT -> PublicUrl.port(scope.url(), false);
        case URL_DECODED -> PublicUrl.decoded(scope.url());
        case SORTED_FORM -> scope.plan.sortedForm(scope);
        case CRC32 -> crc32(scope.request.body());
        case SHA256 ->
            Digests.sha256Hex(scope.itemBytes != null ? scope.itemBytes : scope.request.body());
        case FORM_FIELDS -> SignedText.formFields(scope);
        case SECRET -> scope.secret == null ? null : scope.secret.value();
        case SECRET_ENCODED ->
            scope.secret == null ? null : SignedText.urlEncoded(scope.secret.value());
        case SECRET_USER -> scope.secret == null ? null : scope.secret.user();
        case SECRET_PASSWORD -> scope.secret == null ? null : scope.secret.password();
        case SECRET_BASIC ->
            scope.secret == null
                ? null
                : Base64.getEncoder()
                    .encodeToString(scope.secret.value().getBytes(StandardCharsets.UTF_8));
        case SECRET_ID -> scope.secret == null ? null : scope.secret.id();
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
          yield node == null || node.isNull() ? null : name.substring(name.indexOf('=') + 1);
        }
        case POSITIVE -> {
          String text = at(scope.here());
          BigDecimal number = text == null ? null : Currencies.number(text);
          yield number == null || number.signum() <= 0
              ? null
              : name.substring(name.indexOf('=') + 1);
        }
        case HEADER -> scope.header(name);
        case QUERY -> scope.query().first(name);
        case FORM -> scope.form().first(name);
        case PART -> {
          List<String> values = scope.parts.get(name);
          yield values == null ? null : one(values);
        }
        case PARAM -> scope.plan.params().get(name);
        case CONST -> name;
      };
    }

    byte @Nullable [] bytes(Scope scope) throws Refusal {
      if (word == Word.BODY) {
        return scope.request.body();
      }
      if (word == Word.JSON) {
        JsonNode json = scope.json();
        boolean there = json != null && pointer != null && !json.at(pointer).isMissingNode();
        return there && pointer != null ? StrictJson.slice(scope.request.body(), pointer) : null;
      }
      String text = text(scope);
      return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    private String one(List<String> values) throws Refusal {
      for (String value : values) {
        if (!value.equals(values.get(0))) {
          throw new Refusal(
              "ambiguous-header",
              "the signature header has '" + name + "' twice, with different values");
        }
      }
      return values.get(0);
    }

    private @Nullable JsonNode node(@Nullable JsonNode from) {
      JsonNode node = from == null || pointer == null ? null : from.at(pointer);
      return node == null || node.isMissingNode() ? null : node;
    }

    private @Nullable String at(@Nullable JsonNode from) {
      return from == null || pointer == null ? null : StrictJson.text(from.at(pointer));
    }

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

  /** A literal, or a place with its sources. */
  private record Piece(byte[] literal, List<Source> sources, boolean optional) {}

  private final String text;
  private final List<Piece> pieces;
  private final @Nullable Template otherwise;

  private Template(String text, List<Piece> pieces, @Nullable Template otherwise) {
    this.text = text;
    this.pieces = pieces;
    this.otherwise = otherwise;
  }

  /** Several templates, of which the first that has all it needs counts. */
  static Template firstOf(List<String> texts, Context context) {
    Template chain = null;
    for (int i = texts.size() - 1; i >= 0; i--) {
      Template one = parse(texts.get(i), context);
      chain = new Template(one.text, one.pieces, chain);
    }
    if (chain == null) {
      throw new IllegalArgumentException("is empty");
    }
    return chain;
  }

  /**
   * @throws IllegalArgumentException whose message says what is wrong and what would be right
   */
  static Template parse(String text, Context context) {
    List<Piece> pieces = new ArrayList<>();
    if (text.indexOf('{') < 0) {
      pieces.add(place(text, context));
      return new Template(text, List.copyOf(pieces), null);
    }
    StringBuilder literal = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        if (++i == text.length()) {
          throw new IllegalArgumentException("a backslash at the end; write \\\\ for one");
        }
        char next = text.charAt(i);
        literal.append(next == 'n' ? '\n' : next == 't' ? '\t' : next);
      } else if (c == '{') {
        int end = text.indexOf('}', i);
        if (end < 0) {
          throw new IllegalArgumentException("'{' is not closed; write \\{ for a brace");
        }
        addLiteral(pieces, literal);
        pieces.add(place(text.substring(i + 1, end), context));
        i = end;
      } else {
        literal.append(c);
      }
    }
    addLiteral(pieces, literal);
    return new Template(text, List.copyOf(pieces), null);
  }

  /** A template whose text without braces is text, not a place. */
  static Template filled(String text) {
    if (text.indexOf('{') >= 0) {
      return parse(text, Context.CONFIRM);
    }
    List<Piece> pieces = new ArrayList<>();
    addLiteral(pieces, new StringBuilder(text));
    return new Template(text, List.copyOf(pieces), null);
  }

  /** How a value is written into a text of ours, by the word that names it. */
  interface Writing {
    String write(Word word, String value) throws Refusal;
  }

  /** The text with every value written as it must be there; null when one is missing. */
  @Nullable String filled(Scope scope, Writing writing) throws Refusal {
    return filled(scope, writing, false);
  }

  /** The same; a value that is missing is empty where it may be. */
  @Nullable String filled(Scope scope, Writing writing, boolean mayBeMissing) throws Refusal {
    StringBuilder built = new StringBuilder();
    for (Piece piece : pieces) {
      if (piece.sources().isEmpty()) {
        built.append(utf8(piece.literal()));
        continue;
      }
      boolean there = false;
      for (Source source : piece.sources()) {
        String value = source.text(scope);
        if (value != null && !value.isEmpty()) {
          built.append(writing.write(source.word(), value));
          there = true;
          break;
        }
      }
      if (!there && !piece.optional() && !mayBeMissing) {
        return null;
      }
    }
    return built.toString();
  }

  /** A text inside the quotes of JSON. */
  static String quoted(String value) {
    return new String(JsonStringEncoder.getInstance().quoteAsString(value));
  }

  /** Whether something of the event itself stands in it. */
  boolean readsEvent() {
    return names(Word.BODY)
        || names(Word.POINTER)
        || names(Word.ROOT)
        || names(Word.FORM)
        || names(Word.QUERY);
  }

  private static void addLiteral(List<Piece> pieces, StringBuilder literal) {
    if (literal.length() > 0) {
      pieces.add(new Piece(literal.toString().getBytes(StandardCharsets.UTF_8), List.of(), false));
      literal.setLength(0);
    }
  }

  private static Piece place(String inside, Context context) {
    String names = inside.strip();
    boolean optional = names.endsWith("?");
    if (optional) {
      names = names.substring(0, names.length() - 1);
    }
    List<Source> sources = new ArrayList<>();
    for (String name : names.split("\\|", -1)) {
      sources.add(source(name.strip(), context));
    }
    return new Piece(new byte[0], List.copyOf(sources), optional);
  }

  private static Source source(String text, Context context) {
    if (text.startsWith("/")) {
      return allowed(new Source(Word.POINTER, text, JsonPointer.compile(text)), context);
    }
    int colon = text.indexOf(':');
    String first = colon < 0 ? text : text.substring(0, colon);
    String name = colon < 0 ? "" : text.substring(colon + 1).strip();
    for (Word word : Word.values()) {
      if (word != Word.POINTER && word.text.equals(first)) {
        return allowed(named(word, name), context);
      }
    }
    throw new IllegalArgumentException(
        "no such source '"
            + text
            + "'"
            + Nearest.didYouMean(
                first, Arrays.stream(Word.values()).map(word -> word.text).toList())
            + " (here: "
            + names(context)
            + ")");
  }

  private static Source named(Word word, String name) {
    String wanted = word.shown();
    boolean missing = name.isEmpty() && word.name != Word.Name.NONE;
    if (missing && word.name != Word.Name.POINTER_OR_NONE) {
      throw new IllegalArgumentException("'" + word.text + "' needs a name; write " + wanted);
    }
    if (!name.isEmpty() && word.name == Word.Name.NONE) {
      throw new IllegalArgumentException("'" + word.text + "' takes no name; write " + wanted);
    }
    if (word.name == Word.Name.NONE || word.name == Word.Name.TEXT) {
      return new Source(word, name, null);
    }
    int equals = name.indexOf('=');
    boolean text = word.name == Word.Name.POINTER_AND_TEXT;
    if (text && equals < 0) {
      throw new IllegalArgumentException("'" + word.text + "' needs a text; write " + wanted);
    }
    String pointer = text ? name.substring(0, equals) : name;
    if (!pointer.isEmpty() && !pointer.startsWith("/")) {
      throw new IllegalArgumentException(
          "'" + pointer + "' is not a JSON Pointer; one begins with '/'");
    }
    return new Source(word, name, JsonPointer.compile(pointer));
  }

  private static Source allowed(Source source, Context context) {
    if (!context.words.contains(source.word())) {
      throw new IllegalArgumentException(
          "'" + source + "' has no meaning here (here: " + names(context) + ")");
    }
    return source;
  }

  private static String names(Context context) {
    return context.words.stream().map(Word::shown).collect(Collectors.joining(", "));
  }

  /** The text, or null when something it needs is missing or empty. */
  @Nullable String text(Scope scope) throws Refusal {
    String own = ownText(scope);
    return own == null && otherwise != null ? otherwise.text(scope) : own;
  }

  private @Nullable String ownText(Scope scope) throws Refusal {
    if (pieces.size() == 1) {
      return nonEmpty(pieces.get(0), scope);
    }
    StringBuilder built = new StringBuilder();
    for (Piece piece : pieces) {
      if (piece.sources().isEmpty()) {
        built.append(new String(piece.literal(), StandardCharsets.UTF_8));
        continue;
      }
      String value = nonEmpty(piece, scope);
      if (value != null) {
        built.append(value);
      } else if (!piece.optional()) {
        return null;
      }
    }
    return built.toString();
  }

  private static @Nullable String nonEmpty(Piece piece, Scope scope) throws Refusal {
    if (piece.sources().isEmpty()) {
      return new String(piece.literal(), StandardCharsets.UTF_8);
    }
    for (Source source : piece.sources()) {
      String value = source.text(scope);
      if (value != null && !value.isEmpty()) {
        return value;
      }
    }
    return null;
  }

  /** The bytes, exactly. Something that is missing ends the verification; empty is a value here. */
  byte[] bytes(Scope scope) throws Refusal {
    if (pieces.size() == 1) {
      return bytes(pieces.get(0), scope);
    }
    ByteArrayOutputStream built = new ByteArrayOutputStream(scope.request.body().length + 128);
    for (Piece piece : pieces) {
      built.writeBytes(bytes(piece, scope));
    }
    return built.toByteArray();
  }

  private static byte[] bytes(Piece piece, Scope scope) throws Refusal {
    if (piece.sources().isEmpty()) {
      return piece.literal();
    }
    for (Source source : piece.sources()) {
      byte[] value = source.bytes(scope);
      if (value != null) {
        return value;
      }
    }
    if (piece.optional()) {
      return new byte[0];
    }
    throw piece.sources().get(0).missing();
  }

  Stream<Source> sources() {
    Stream<Source> own = pieces.stream().flatMap(piece -> piece.sources().stream());
    return otherwise == null ? own : Stream.concat(own, otherwise.sources());
  }

  boolean names(Word word) {
    return sources().anyMatch(source -> source.word() == word);
  }

  /** Whether it may stand empty: one place, which is optional. */
  boolean isOptional() {
    return (pieces.size() == 1 && pieces.get(0).optional())
        || (otherwise != null && otherwise.isOptional());
  }

  /** The names given to a word, such as the headers a template reads. */
  List<String> namesOf(Word word) {
    return sources().filter(source -> source.word() == word).map(Source::name).toList();
  }

  private static String utf8(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static String crc32(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return Long.toString(crc.getValue());
  }

  @Override
  public String toString() {
    return otherwise == null ? text : text + " or " + otherwise;
  }
}
