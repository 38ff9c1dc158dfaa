package io.payhook.effects.template;

import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.payhook.kit.Json;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** JSON within HTML: nothing in it closes a script, a tag or an attribute. */
final class JsonInHtml {
  private JsonInHtml() {}

  static final JsonMapper MAPPER = inHtml();

  private static JsonMapper inHtml() {
    JsonMapper mapper = Json.STRICT.copy();
    mapper.getFactory().setCharacterEscapes(new HtmlEscapes());
    return mapper;
  }

  private static final class HtmlEscapes extends CharacterEscapes {
    private static final long serialVersionUID = 1;

    @Override
    public int[] getEscapeCodesForAscii() {
      int[] codes = CharacterEscapes.standardAsciiEscapesForJSON();
      for (char c : "<>&'".toCharArray()) {
        codes[c] = CharacterEscapes.ESCAPE_STANDARD;
      }
      return codes;
    }

    /** Line ends in JavaScript, though not in JSON. */
    @Override
    public @Nullable SerializableString getEscapeSequence(int c) {
      return c == 0x2028 || c == 0x2029
          ? new SerializedString(String.format(Locale.ROOT, "\\u%04x", c))
          : null;
    }
  }
}
