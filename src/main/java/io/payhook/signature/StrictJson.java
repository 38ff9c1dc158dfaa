package io.payhook.signature;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.filter.FilteringParserDelegate;
import com.fasterxml.jackson.core.filter.JsonPointerBasedFilter;
import com.fasterxml.jackson.core.filter.TokenFilter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ValueNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * JSON that means one thing only and fits in memory: UTF-8, no duplicate members, nothing after the
 * value, bounds for depth, tokens and numbers. A byte order mark is left out (RFC 8259, 8.1).
 * Numbers with a fraction are BigDecimal and keep their trailing zeros.
 */
final class StrictJson {
  /** A number that a double can't hold is no amount and no identifier, whoever writes it. */
  private static final int LARGEST_EXPONENT = 308;

  /** What a tree is made of: its size in memory does not grow with that of the largest body. */
  private static final long MOST_TOKENS = 500_000;

  private static final int LONGEST_PLACE = 200;
  private static final int LONGEST_NUMBER = 1_000;

  static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  // Names are a stranger's: none of them is to stay in memory.
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(200)
                          .maxNumberLength(LONGEST_NUMBER)
                          .maxTokenCount(MOST_TOKENS)
                          .build())
                  .build())
          .enable(
              DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS,
              DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
              DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .nodeFactory(new Numbers())
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private StrictJson() {}

  static JsonNode parse(byte[] body) throws Refusal {
    // The parser would guess UTF-16 and UTF-32 from bytes; from a string it can't.
    try (JsonParser parser =
        isPlainAscii(body)
            ? MAPPER.createParser(body)
            : MAPPER.createParser(withoutMark(utf8(body)))) {
      return parse(parser);
    } catch (CharacterCodingException e) {
      throw new Refusal("not-utf-8", "the body is not UTF-8 text");
    } catch (IOException e) {
      throw new Refusal("not-json", "the body is not JSON");
    }
  }

  private static JsonNode parse(JsonParser parser) throws Refusal {
    try {
      JsonNode node = MAPPER.readTree(parser);
      if (node == null || node.isMissingNode()) {
        throw new Refusal("not-json", "the body is empty; it should be JSON");
      }
      if (parser.nextToken() != null) {
        throw new Refusal("not-json", "the body is not JSON: something follows its value");
      }
      return node;
    } catch (TooLarge e) {
      throw new Refusal(
          "bad-number", "the number" + at(parser) + " has the " + String.valueOf(e.getMessage()));
    } catch (NumberFormatException e) {
      throw new Refusal("bad-number", "the number" + at(parser) + " has too large an exponent");
    } catch (StreamConstraintsException e) {
      throw new Refusal("not-json", "the JSON" + at(parser) + " is too large: " + firstLine(e));
    } catch (JsonProcessingException e) {
      throw new Refusal("not-json", "the body is not JSON" + at(parser) + ": " + firstLine(e));
    } catch (IOException e) {
      throw new Refusal("not-json", "the body is not JSON");
    }
  }

  private static String at(JsonParser parser) {
    String place = parser.getParsingContext().pathAsPointer().toString();
    return place.isEmpty() || place.length() > LONGEST_PLACE ? "" : " at " + place;
  }

  private static String withoutMark(String text) {
    return text.startsWith("\uFEFF") ? text.substring(1) : text;
  }

  /** Ends a parser at a number that is written short and is long. */
  private static final class TooLarge extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooLarge(String message) {
      super(message, null, false, false);
    }
  }

  /** Makes no number whose digits, written out, would fill the memory. */
  private static final class Numbers extends JsonNodeFactory {
    private static final long serialVersionUID = 1L;

    @Override
    public ValueNode numberNode(@Nullable BigDecimal number) {
      if (number != null
          && (number.scale() < -LARGEST_EXPONENT || number.scale() > LONGEST_NUMBER)) {
        throw new TooLarge(
            "exponent " + -number.scale() + "; none beyond " + LARGEST_EXPONENT + " is read");
      }
      return super.numberNode(number);
    }
  }

  private static boolean isPlainAscii(byte[] body) {
    for (byte b : body) {
      if (b <= 0) {
        return false;
      }
    }
    return true;
  }

  static String utf8(byte[] body) throws CharacterCodingException {
    return StandardCharsets.UTF_8
        .newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT)
        .decode(ByteBuffer.wrap(body))
        .toString();
  }

  private static String firstLine(JsonProcessingException e) {
    String message = e.getOriginalMessage();
    if (message == null) {
      return "unreadable";
    }
    int end = message.indexOf('\n');
    String line = end < 0 ? message : message.substring(0, end);
    JsonLocation at = e.getLocation();
    String place =
        at == null ? "" : " (line %d, column %d)".formatted(at.getLineNr(), at.getColumnNr());
    return (line.length() > 200 ? line.substring(0, 200) : line) + place;
  }

  /** A value as text, or null when it is not there, null, an object or an array. */
  static @Nullable String text(JsonNode node) {
    return node.isValueNode() && !node.isNull() ? node.asText() : null;
  }

  /**
   * The exact bytes of a value, or null when there is none. The JSON must have been parsed before.
   */
  static byte @Nullable [] slice(byte[] json, JsonPointer pointer) {
    List<byte[]> slices = slices(json, pointer, false);
    return slices.isEmpty() ? null : slices.get(0);
  }

  /** The exact bytes of every element of an array. The JSON must have been parsed before. */
  static List<byte[]> items(byte[] json, JsonPointer array) {
    return slices(json, array, true);
  }

  private static List<byte[]> slices(byte[] json, JsonPointer pointer, boolean items) {
    List<byte[]> slices = new ArrayList<>();
    try (JsonParser parser = MAPPER.createParser(json)) {
      JsonParser way =
          pointer.matches()
              ? parser
              : new FilteringParserDelegate(
                  parser,
                  new JsonPointerBasedFilter(pointer),
                  TokenFilter.Inclusion.ONLY_INCLUDE_ALL,
                  false);
      boolean there = way.nextToken() != null;
      while (there && !(items && parser.nextToken() == JsonToken.END_ARRAY)) {
        int start = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        parser.finishToken();
        // Behind a number that is all there is, the parser has read one character more.
        int end =
            parser.currentToken().isNumeric()
                ? start + parser.getTextLength()
                : (int) parser.currentLocation().getByteOffset();
        slices.add(Arrays.copyOfRange(json, start, end));
        there = items;
      }
      return slices;
    } catch (IOException e) {
      throw new IllegalStateException("JSON that was parsed before can't be read", e);
    }
  }
}
