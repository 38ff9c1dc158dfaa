package io.payhook.signature;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.payhook.kit.Nearest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

  /** Where a template stands decides what it may name. */
  enum Context {
    SIGNED,
    WIRE,
    TYPE,
    EVENT,
    CONFIRM,
    ANSWER,
    REPLY
  }

  /** How a value is written into a text of ours, by the word that names it. */
  interface Writing {
    String write(Word word, String value) throws Refusal;
  }

  private static final Writing AS_IT_IS = (word, value) -> value;

  /** A literal, or a place with its sources. */
  private record Piece(
      String literal, byte[] bytes, List<TemplateSource> sources, boolean optional) {

    static Piece of(String literal) {
      return new Piece(literal, literal.getBytes(StandardCharsets.UTF_8), List.of(), false);
    }

    /** Null where nothing is there; empty is nothing too. */
    @Nullable String text(Scope scope, Writing writing) throws Refusal {
      if (sources.isEmpty()) {
        return literal;
      }
      for (int i = 0; i < sources.size(); i++) {
        String value = sources.get(i).text(scope);
        if (value != null && !value.isEmpty()) {
          return writing.write(sources.get(i).word(), value);
        }
      }
      return null;
    }

    byte[] bytes(Scope scope) throws Refusal {
      for (int i = 0; i < sources.size(); i++) {
        byte[] value = sources.get(i).bytes(scope);
        if (value != null) {
          return value;
        }
      }
      if (sources.isEmpty() || optional) {
        return bytes;
      }
      throw sources.get(0).missing();
    }
  }

  private final String text;
  private final List<Piece> pieces;
  private final @Nullable Template otherwise;

  private Template(String text, List<Piece> pieces, @Nullable Template otherwise) {
    this.text = text;
    this.pieces = List.copyOf(pieces);
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

  /** A template whose text without braces is text, not a place. */
  static Template filled(String text) {
    return text.indexOf('{') >= 0
        ? parse(text, Context.CONFIRM)
        : new Template(text, text.isEmpty() ? List.of() : List.of(Piece.of(text)), null);
  }

  /**
   * @throws IllegalArgumentException whose message says what is wrong and what would be right
   */
  static Template parse(String text, Context context) {
    if (text.indexOf('{') < 0) {
      return new Template(text, List.of(place(text, context)), null);
    }
    List<Piece> pieces = new ArrayList<>();
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
    return new Template(text, pieces, null);
  }

  private static void addLiteral(List<Piece> pieces, StringBuilder literal) {
    if (literal.length() > 0) {
      pieces.add(Piece.of(literal.toString()));
      literal.setLength(0);
    }
  }

  private static Piece place(String inside, Context context) {
    String names = inside.strip();
    boolean optional = names.endsWith("?");
    if (optional) {
      names = names.substring(0, names.length() - 1);
    }
    List<TemplateSource> sources = new ArrayList<>();
    for (String name : names.split("\\|", -1)) {
      sources.add(source(name.strip(), context));
    }
    return new Piece("", new byte[0], List.copyOf(sources), optional);
  }

  private static TemplateSource source(String text, Context context) {
    TemplateSource source = TemplateSource.parse(text);
    if (source != null && source.word().isAllowed(context)) {
      return source;
    }
    List<Word> words = Arrays.asList(Word.values());
    String here =
        words.stream()
            .filter(word -> word.isAllowed(context))
            .map(Word::shown)
            .collect(Collectors.joining(", ", " (here: ", ")"));
    throw new IllegalArgumentException(
        source != null
            ? "'" + source + "' has no meaning here" + here
            : "no such source '"
                + text
                + "'"
                + Nearest.didYouMean(
                    text.replaceFirst("(?s):.*", ""),
                    words.stream().map(word -> word.text).toList())
                + here);
  }

  /** The text, or null when something it needs is missing or empty. */
  @Nullable String text(Scope scope) throws Refusal {
    String own =
        pieces.size() == 1 ? pieces.get(0).text(scope, AS_IT_IS) : filled(scope, AS_IT_IS, false);
    return own == null && otherwise != null ? otherwise.text(scope) : own;
  }

  /**
   * The text with every value written as it must be there.
   *
   * @param mayBeMissing whether a value that is missing is empty
   * @return null when one is missing
   */
  @Nullable String filled(Scope scope, Writing writing, boolean mayBeMissing) throws Refusal {
    StringBuilder built = new StringBuilder();
    for (Piece piece : pieces) {
      String value = piece.text(scope, writing);
      if (value != null) {
        built.append(value);
      } else if (!piece.optional() && !mayBeMissing) {
        return null;
      }
    }
    return built.toString();
  }

  /** The bytes, exactly. Something that is missing ends the verification; empty is a value here. */
  byte[] bytes(Scope scope) throws Refusal {
    if (pieces.size() == 1) {
      return pieces.get(0).bytes(scope);
    }
    ByteArrayOutputStream built = new ByteArrayOutputStream(scope.request.body().length + 128);
    for (Piece piece : pieces) {
      built.writeBytes(piece.bytes(scope));
    }
    return built.toByteArray();
  }

  /** A text inside the quotes of JSON. */
  static String quoted(String value) {
    return new String(JsonStringEncoder.getInstance().quoteAsString(value));
  }

  Stream<TemplateSource> sources() {
    Stream<TemplateSource> own = pieces.stream().flatMap(piece -> piece.sources().stream());
    return otherwise == null ? own : Stream.concat(own, otherwise.sources());
  }

  /** Whether it names one of these words. */
  boolean names(Word... words) {
    List<Word> any = Arrays.asList(words);
    return sources().anyMatch(source -> any.contains(source.word()));
  }

  /** Whether it may stand empty: one place, which is optional. */
  boolean isOptional() {
    return (pieces.size() == 1 && pieces.get(0).optional())
        || (otherwise != null && otherwise.isOptional());
  }

  /** The names given to a word, such as the headers a template reads. */
  List<String> namesOf(Word word) {
    return sources().filter(source -> source.word() == word).map(TemplateSource::name).toList();
  }

  @Override
  public String toString() {
    return otherwise == null ? text : text + " or " + otherwise;
  }
}
