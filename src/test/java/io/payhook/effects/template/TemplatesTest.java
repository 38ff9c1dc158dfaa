package io.payhook.effects.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.effects.EffectException;
import io.payhook.effects.kamelets.Effects;
import io.payhook.effects.kamelets.PaymentsTables;
import io.payhook.kit.Json;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("service")
class TemplatesTest {
  @TempDir Path folder;
  private final Templates templates = new Templates();
  private final Map<String, Object> values = new HashMap<>();

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "5000 ~ NGN ~ NGN 5,000.00 ~ ₦5,000.00",
        "5000.5 ~ ngn ~ NGN 5,000.50 ~ ₦5,000.50",
        "0 ~ USD ~ USD 0.00 ~ $0.00",
        "-12.3 ~ EUR ~ -EUR 12.30 ~ -€12.30",
        "1234567890123456789.12 ~ GBP ~ GBP 1,234,567,890,123,456,789.12 ~ £1,234,567,890,123,456,789.12",
        "1500 ~ JPY ~ JPY 1,500 ~ ¥1,500",
        "1500 ~ KWD ~ KWD 1,500.000 ~ KWD 1,500.000",
        "10.005 ~ NGN ~ NGN 10.005 ~ ₦10.005",
        "1E+3 ~ NGN ~ NGN 1,000.00 ~ ₦1,000.00",
        "0.00001 ~ BTC ~ BTC 0.00001 ~ BTC 0.00001",
        "5 ~ '' ~ 5.00 ~ 5.00",
      })
  void money_has_the_decimals_of_its_currency_and_is_never_rounded(
      String amount, String currency, String text, String symbol) throws Exception {
    values.put("currency", currency);
    for (Object value : List.of(new BigDecimal(amount), amount)) {
      values.put("amount", value);
      assertThat(text("{{ amount | money(currency) }}")).isEqualTo(text);
      assertThat(text("{{ amount | money(currency, style='symbol') }}")).isEqualTo(symbol);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {"500050 ~ NGN ~ NGN 5,000.50", "1500 ~ JPY ~ JPY 1,500", "1500 ~ KWD ~ KWD 1.500"})
  void money_may_count_the_minor_unit(String amount, String currency, String text)
      throws Exception {
    values.put("amount", Integer.valueOf(amount));
    values.put("currency", currency);

    assertThat(text("{{ amount | money(currency, unit='minor') }}")).isEqualTo(text);
  }

  @Test
  void money_is_of_the_events_currency_unless_another_is_given() throws Exception {
    values.put("amount", new BigDecimal("5000.00"));
    assertThat(text("{{ amount | money }}")).isEqualTo("5,000.00");
    values.put("currency", "NGN");
    assertThat(text("{{ amount | money }}, {{ amount | money(style='symbol') }}"))
        .isEqualTo("NGN 5,000.00, ₦5,000.00");
    assertThat(text("{{ amount | money('JPY') }}")).isEqualTo("JPY 5,000");
    assertThat(text("{{ amount | money(none.currency) }}")).isEqualTo("NGN 5,000.00");
    assertThat(text("[{{ fee | money }}]")).isEqualTo("[]");
  }

  @Test
  void minor_units_have_no_fraction_and_the_fact_is_never_minor() {
    values.put("amount", new BigDecimal("5000.00"));
    values.put("currency", "NGN");
    values.put("kobo", new BigDecimal("100.5"));
    assertThatThrownBy(() -> text("{{ kobo | money(unit='minor') }}"))
        .isInstanceOf(EffectException.class)
        .hasMessageContaining("t.txt:1: money: 100.5 has a fraction");
    assertThatThrownBy(() -> text("{{ amount | money(unit='minor') }}"))
        .isInstanceOf(EffectException.class)
        .hasMessageContaining("'amount' counts the major unit (naira, not kobo)");
  }

  @Test
  void money_has_no_more_digits_than_a_person_reads() {
    values.put("amount", "1e999999999");
    assertThatThrownBy(() -> text("{{ amount | money('NGN') }}"))
        .isInstanceOf(EffectException.class)
        .hasMessageEndingWith("the amount has more than 60 digits");
  }

  @Test
  void money_without_amount_is_empty_and_of_no_number_an_error() throws Exception {
    assertThat(text("[{{ none.amount | money('NGN') }}]")).isEqualTo("[]");
    values.put("amount", "lots");
    assertThatThrownBy(() -> text("\n{{ amount | money('NGN') }}"))
        .isInstanceOf(EffectException.class)
        .hasMessage(folder.resolve("t.txt") + ":2: money: the amount 'lots' is no number");
    values.put("amount", 1);
    assertThatThrownBy(() -> text("{{ amount | money('NGN', unit='kobo') }}"))
        .hasMessageEndingWith("unit is 'kobo'; major or minor would be right");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "2026-11-23T20:15:00Z ~ 23 November 2026, 20:15",
        "2026-11-23T20:15:00+01:00 ~ 23 November 2026, 19:15",
        "2026-11-23T20:15:00.123 ~ 23 November 2026, 20:15",
        "2026-11-23 20:15:00 ~ 23 November 2026, 20:15",
        "2026-11-23 ~ 23 November 2026, 00:00",
        "next Tuesday ~ next Tuesday",
      })
  void a_date_is_read_from_iso_text_and_else_shown_as_it_came(String time, String shown)
      throws Exception {
    values.put("time", time);

    assertThat(text("{{ time | date('d MMMM yyyy, HH:mm') }}")).isEqualTo(shown);
  }

  @Test
  void a_date_may_be_an_instant_or_a_number_and_in_a_zone() throws Exception {
    Instant time = Instant.parse("2026-11-23T23:15:00Z");
    for (Object value : List.of(time, time.getEpochSecond(), time.toEpochMilli())) {
      values.put("time", value);
      assertThat(text("{{ time | date }}")).isEqualTo("23 November 2026");
      assertThat(text("{{ time | date('d MMM HH:mm z', zone='Africa/Lagos') }}"))
          .isEqualTo("24 Nov 00:15 WAT");
    }
    assertThat(text("[{{ none | date }}]")).isEqualTo("[]");
    assertThatThrownBy(() -> text("{{ time | date('d', zone='Mars/Base') }}"))
        .isInstanceOf(EffectException.class)
        .hasMessageContaining("t.txt:1: date: ")
        .hasMessageContaining("Mars/Base");
  }

  @Test
  void json_escapes_text_and_writes_whole_values() throws Exception {
    values.put("name", "A\"da\\\n\u2028</script>");
    values.put("amount", new BigDecimal("5000.10"));
    values.put("map", Map.of("k", List.of(1, "two")));
    values.put("time", Instant.parse("2026-11-23T20:15:00Z"));

    String json =
        render(
            "t.json",
            "{\"name\": \"{{ name }}\", \"same\": {{ name | json }}, \"amount\": {{ amount | json }},"
                + " \"map\": {{ map | json }}, \"time\": {{ time | json }}, \"none\": {{ none | json }}}");

    assertThat(Json.MAPPER.readValue(json, Object.class))
        .isEqualTo(
            Json.MAPPER.readValue(
                "{\"name\":\"A\\\"da\\\\\\n\\u2028</script>\",\"same\":\"A\\\"da\\\\\\n\\u2028</script>\","
                    + "\"amount\":5000.10,\"map\":{\"k\":[1,\"two\"]},\"time\":\"2026-11-23T20:15:00Z\","
                    + "\"none\":null}",
                Object.class));
  }

  @Test
  void an_edited_template_or_part_of_one_is_used_at_the_next_rendering() throws Exception {
    write("layout.html", "A {% block x %}{% endblock %}", "2026-01-01T00:00:00Z");
    Path file =
        write(
            "t.html",
            "{% extends \"layout.html\" %}{% block x %}{{ v }}{% endblock %}",
            "2026-01-01T00:00:00Z");
    values.put("v", "<1>");
    assertThat(templates.render(file, values)).isEqualTo("A &lt;1&gt;");

    write("layout.html", "B {% block x %}{% endblock %}", "2026-01-02T00:00:00Z");
    assertThat(templates.render(file, values)).isEqualTo("B &lt;1&gt;");
  }

  @Test
  void a_missing_part_is_an_error_that_names_it() throws Exception {
    Path file = write("t.html", "{% extends \"lay.html\" %}", "2026-01-01T00:00:00Z");

    assertThatThrownBy(() -> templates.render(file, values))
        .isInstanceOf(EffectException.class)
        .hasMessageContaining(folder.resolve("lay.html") + ": there is no such template");
  }

  private String text(String template) throws Exception {
    return render("t.txt", template);
  }

  private int versions;

  private String render(String name, String template) throws Exception {
    versions++;
    return templates.render(
        write(name, template, Instant.EPOCH.plusSeconds(versions).toString()), values);
  }

  private Path write(String name, String text, String modified) throws Exception {
    Path file = Files.writeString(folder.resolve(name), text);
    Files.setLastModifiedTime(file, FileTime.from(Instant.parse(modified)));
    return file;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/etc/hostname",
        "../../../../../../../../etc/hostname",
        "../../outside.html",
        "/dev/zero",
        "a\u0000b",
        "",
      })
  void no_template_leads_out_of_the_routes_folder(String name) throws Exception {
    Path routes = Files.createDirectories(folder.resolve("routes"));
    Path email = Files.createDirectories(routes.resolve("shop/email"));
    Files.writeString(folder.resolve("outside.html"), "secret");
    Files.writeString(email.resolve("t.html"), "[{% include event.name %}]");
    Files.writeString(email.resolve("beside.html"), "beside");
    Templates below = new Templates(Effects.texts(routes, PaymentsTables.dataSource()));

    values.put("event", Map.of("name", "beside.html"));
    assertThat(below.render(email.resolve("t.html"), values)).isEqualTo("[beside]");
    values.put("event", Map.of("name", name));
    assertThatThrownBy(() -> below.render(email.resolve("t.html"), values))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("secret");
  }

  @Test
  void json_in_html_ends_no_script_and_no_attribute() throws Exception {
    String name = "</script><img src=x onerror='a&b'>\u2028\u2029\"";
    values.put("name", name);
    Files.writeString(folder.resolve("t.html"), "<script>var a = {{ name | json }};</script>");
    String html = templates.render(folder.resolve("t.html"), values);

    String json = html.substring("<script>var a = ".length(), html.indexOf(";</script>"));
    assertThat(json).doesNotContain("<", ">", "&", "'", "\u2028", "\u2029");
    assertThat(Json.MAPPER.readValue(json, String.class)).isEqualTo(name);
  }
}
