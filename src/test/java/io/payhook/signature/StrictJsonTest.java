package io.payhook.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonPointer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StrictJsonTest {
  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1e999999999", "1e-999999999", "1E+400", "1e309", "1.5e-1309", "0e1000"})
  void a_number_that_is_long_when_it_is_written_out_is_refused_with_its_place(String number) {
    assertThatThrownBy(
            () -> StrictJson.parse(bytes("{\"data\":{\"items\":[1,{\"amount\":" + number + "}]}}")))
        .isInstanceOf(Refusal.class)
        .hasMessageStartingWith("the number at /data/items/1/amount has the exponent ")
        .hasMessageEndingWith("; none beyond 308 is read");
  }

  @Test
  void so_is_one_whose_exponent_is_no_number_any_more() {
    assertThatThrownBy(() -> StrictJson.parse(bytes("{\"amount\":-2e99999999999999999999}")))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("at /amount");
  }

  @Test
  void a_number_of_too_many_digits_is_refused_with_its_place() {
    for (String digits : new String[] {"9".repeat(1_001), "0." + "9".repeat(1_001)}) {
      assertThatThrownBy(() -> StrictJson.parse(bytes("{\"data\":{\"amount\":" + digits + "}}")))
          .isInstanceOf(Refusal.class)
          .hasMessageContaining("at /data/amount is too large");
    }
  }

  @ParameterizedTest
  @CsvSource({"1e308", "1e-300", "5E3", "5000.00", "12345678901234567890.12", "9007199254740993"})
  void other_numbers_are_exact(String number) throws Exception {
    assertThat(StrictJson.parse(bytes("{\"n\":" + number + "}")).at("/n").decimalValue())
        .isEqualTo(new java.math.BigDecimal(number));
    assertThat(StrictJson.parse(bytes("[" + "7".repeat(900) + "]")).at("/0").asText())
        .isEqualTo("7".repeat(900));
  }

  @Test
  void a_byte_order_mark_is_no_part_of_the_text() throws Exception {
    byte[] body = bytes("\uFEFF{\"data\":{\"a\":1}}");
    assertThat(StrictJson.parse(body).at("/data/a").asInt()).isEqualTo(1);
    assertThat(StrictJson.slice(body, JsonPointer.compile("/data"))).isEqualTo(bytes("{\"a\":1}"));
    for (String no : new String[] {"\uFEFF\uFEFF{}", "{}\uFEFF", "\uFEFF", "{\uFEFF}"}) {
      assertThatThrownBy(() -> StrictJson.parse(bytes(no))).isInstanceOf(Refusal.class);
    }
  }

  @Test
  void a_tree_has_bounds() throws Exception {
    assertThat(StrictJson.parse(bytes("[" + "1,".repeat(199_999) + "1]"))).hasSize(200_000);
    for (String large :
        new String[] {
          "[" + "{},".repeat(349_000) + "{}]",
          "[".repeat(201) + "]".repeat(201),
          "{\"" + "n".repeat(60_000) + "\":1}"
        }) {
      assertThatThrownBy(() -> StrictJson.parse(bytes(large)))
          .isInstanceOf(Refusal.class)
          .hasMessageContaining("is too large");
    }
  }

  @Test
  void what_follows_the_value_is_refused() {
    for (String more : new String[] {"{} {}", "{}x", "1 2", "{},", "\"a\"\0"}) {
      assertThatThrownBy(() -> StrictJson.parse(bytes(more))).isInstanceOf(Refusal.class);
    }
  }

  @Test
  void the_bytes_of_a_value_are_those_of_the_body_with_its_spaces_and_escapes() {
    byte[] body =
        bytes(
            "\uFEFF { \"\\u0061\" : [ 1.50 ,\"é\\\"]\", { \"b\" :null } ,[ ], true ] , \"c\":-0 }");
    assertThat(StrictJson.items(body, JsonPointer.compile("/a")))
        .extracting(item -> new String(item, StandardCharsets.UTF_8))
        .containsExactly("1.50", "\"é\\\"]\"", "{ \"b\" :null }", "[ ]", "true");
    assertThat(StrictJson.slice(body, JsonPointer.compile("/a/2/b"))).isEqualTo(bytes("null"));
    assertThat(StrictJson.slice(body, JsonPointer.compile("/c"))).isEqualTo(bytes("-0"));
    assertThat(StrictJson.slice(body, JsonPointer.compile("/c/d"))).isNull();
    assertThat(StrictJson.slice(body, JsonPointer.compile("/a/5"))).isNull();
    assertThat(StrictJson.slice(bytes(" 12 "), JsonPointer.empty())).isEqualTo(bytes("12"));
    assertThat(StrictJson.items(bytes("[{},[1]]"), JsonPointer.empty()))
        .containsExactly(bytes("{}"), bytes("[1]"));
    assertThat(StrictJson.items(bytes("[]"), JsonPointer.empty())).isEmpty();
  }
}
