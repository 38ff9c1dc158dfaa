package io.payhook.effects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.effects.template.Templates;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class BoundsTest {
  @TempDir Path folder;
  private final Templates templates = new Templates();
  private final Map<String, Object> values = new HashMap<>();

  @ParameterizedTest
  @CsvSource({
    "0.1, true",
    "5000.00, true",
    "12345678901234567890.12, true",
    "1e999, true",
    "1e-1000, true",
    "1e1000, false",
    "1e-1001, false",
    "1e9999, false",
    "1e99999999, false",
    "1e2147483647, false",
    "-1e99999999, false",
    "1e-99999999, false",
    "0e99999999, false",
  })
  void a_number_is_written_where_its_digits_are_few(String number, boolean fits) {
    assertThat(Bounds.fits(new BigDecimal(number))).isEqualTo(fits);
  }

  @Test
  void digits_and_kinds_of_numbers_are_looked_at_without_writing_them() {
    assertThat(Bounds.fits(new BigDecimal("9".repeat(1000)))).isTrue();
    assertThat(Bounds.fits(new BigInteger("9".repeat(1000)))).isTrue();
    assertThat(Bounds.fits(BigInteger.ONE.shiftLeft(9_000_000))).isFalse();
    assertThat(Bounds.fits(new BigDecimal(BigInteger.ONE.shiftLeft(9_000_000)))).isFalse();
    for (Double none : List.of(Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY)) {
      assertThat(Bounds.fits(none)).isFalse();
    }
    assertThat(Bounds.fits(1.5e300)).isTrue();
    assertThat(Bounds.fits(Long.MIN_VALUE)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ event.data.amount }}",
        "{{ event.data.amount | money('NGN') }}",
        "{{ event.data.amount | money('NGN', unit='minor') }}",
        "{{ event.data.amount | date }}",
        "{{ event.data.amount | json }}",
        "{{ event.data | json }}",
        "{{ event }}",
        "{{ 'to pay: ' ~ event.data.amount }}",
        "{{ event.data.amount | upper }}",
        "{% for item in event.data.items %}{{ item.price }}{% endfor %}",
      })
  void a_number_that_is_too_large_is_an_error_of_the_data_wherever_it_would_be_written(
      String template) throws Exception {
    for (String number : List.of("1e99999999", "-1e99999999", "1e-99999999", "1e2147483647")) {
      BigDecimal large = new BigDecimal(number);
      values.put(
          "event",
          Map.of("data", Map.of("amount", large, "items", List.of(Map.of("price", large)))));
      Path file = folder.resolve("t.html");
      Files.writeString(file, template);

      assertThatThrownBy(() -> templates.render(file, values))
          .isInstanceOf(EffectException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("at most 1000 digits would be right")
          .hasMessageNotContaining("TooLarge")
          .hasMessageMatching("(?s).*event\\.data\\.(amount|items\\.0\\.price).*")
          .extracting(e -> e.getMessage().length())
          .matches(length -> length < 400);
    }
  }

  @Test
  void a_number_that_is_too_large_hurts_nobody_who_does_not_write_it() throws Exception {
    values.put("event", Map.of("data", Map.of("odd", new BigDecimal("1e99999999"), "name", "Ada")));
    Files.writeString(
        folder.resolve("t.html"),
        "{{ event.data.name }}{% if event.data.odd is not null %}!{% endif %}");

    assertThat(templates.render(folder.resolve("t.html"), values)).isEqualTo("Ada!");
  }

  @ParameterizedTest
  @ValueSource(ints = {62, 1_000, 900_000})
  void an_amount_of_many_digits_in_a_text_is_refused_before_it_is_read(int digits)
      throws Exception {
    values.put("amount", "9".repeat(digits));
    Files.writeString(folder.resolve("t.txt"), "{{ amount | money('NGN') }}");

    assertThatThrownBy(() -> templates.render(folder.resolve("t.txt"), values))
        .isInstanceOf(EffectException.class)
        .hasMessageEndingWith("the amount has more than 60 digits");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in many %}{% for b in many %}0123456789{% endfor %}{% endfor %}",
        "{% macro m(l, x) %}{% for a in l %}{{ x }}{% endfor %}{% endmacro %}{{ m(many, m(many, long)) }}",
        "{% block b %}{% for a in many %}{{ long }}{% endfor %}{% endblock %}",
      })
  void what_a_template_gives_has_an_end(String template) throws Exception {
    values.put("many", Collections.nCopies(3_000, "x"));
    values.put("long", "0123456789".repeat(100));
    Files.writeString(folder.resolve("t.txt"), template);

    assertThatThrownBy(() -> templates.render(folder.resolve("t.txt"), values))
        .isInstanceOf(EffectException.class)
        .hasMessageContaining("t.txt")
        .hasMessageContaining("more than 2000000 characters");
  }

  @Test
  void a_template_that_includes_itself_or_counts_far_is_an_error_too() throws Exception {
    Files.writeString(folder.resolve("t.txt"), "{% include 't.txt' %}");
    assertThatThrownBy(() -> templates.render(folder.resolve("t.txt"), values))
        .isInstanceOf(EffectException.class)
        .hasMessageContaining("includes itself");

    values.put("count", 2_000_000_000);
    Files.writeString(folder.resolve("r.txt"), "{% for i in range(1, count) %}x{% endfor %}");
    assertThatThrownBy(() -> templates.render(folder.resolve("r.txt"), values))
        .isInstanceOf(EffectException.class)
        .hasMessageContaining("r.txt:1: range: has more than 10000 numbers");
    values.put("count", 3);
    assertThat(templates.render(folder.resolve("r.txt"), values)).isEqualTo("xxx");
  }

  @Test
  void deep_values_are_looked_through() throws Exception {
    Object value = new BigDecimal("1e99999999");
    for (int i = 0; i < 200; i++) {
      value = i % 2 == 0 ? List.of(value) : Map.of("a", value);
    }
    values.put("event", value);
    Files.writeString(folder.resolve("t.json"), "{{ event | json }}");

    Duration patience = Duration.ofSeconds(5);
    org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(
        patience,
        () ->
            assertThatThrownBy(() -> templates.render(folder.resolve("t.json"), values))
                .isInstanceOf(EffectException.class));
  }

  @Test
  void what_people_read_has_no_controls_and_nothing_that_turns_it() {
    assertThat(Bounds.prose("pay \u202Eevil\u202C now\u2067!\u0007\n"))
        .isEqualTo("pay evil now!\n");
    assertThat(Bounds.prose("محمد 👩‍👩‍👧 é\t")).isEqualTo("محمد 👩‍👩‍👧 é\t");
    assertThat(OneLine.of("Ada \u202Eevil\r\n\u2066x", 50)).isEqualTo("Ada evil x");
  }

  @Test
  void text_goes_out_without_null_characters_and_halves_of_pairs() {
    assertThat(Bounds.text("Ada\u0000Obi")).isEqualTo("Ada\uFFFDObi");
    assertThat(Bounds.text("A\uD800B")).isEqualTo("A\uFFFDB");
    assertThat(Bounds.text("A\uDC00\uD800")).isEqualTo("A\uFFFD\uFFFD");
    String whole = "Ada 😀 محمد";
    assertThat(Bounds.text(whole)).isEqualTo(whole);

    Object event = Map.of("a\u0000", List.of("x\u0000"), "n", 1);
    assertThat(Bounds.checked(event, "event"))
        .isEqualTo(Map.of("a\uFFFD", List.of("x\uFFFD"), "n", 1));
    Object clean = Map.of("a", List.of("x", 1, new BigDecimal("1.0")));
    assertThat(Bounds.checked(clean, "event")).isSameAs(clean);
  }
}
