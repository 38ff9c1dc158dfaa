package io.payhook.effects.template;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.payhook.effects.Bounds;
import io.payhook.effects.EffectException;
import io.payhook.effects.OneLine;
import io.payhook.effects.Times;
import io.payhook.kit.Json;
import io.pebbletemplates.pebble.extension.AbstractExtension;
import io.pebbletemplates.pebble.extension.Filter;
import io.pebbletemplates.pebble.extension.Function;
import io.pebbletemplates.pebble.extension.core.RangeFunction;
import io.pebbletemplates.pebble.extension.escaper.SafeString;
import io.pebbletemplates.pebble.template.EvaluationContext;
import io.pebbletemplates.pebble.template.PebbleTemplate;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The filters that Payhook adds to Pebble's.
 *
 * <ul>
 *   <li>{@code amount | money}: {@code NGN 5,000.00}, in the event's currency; {@code
 *       money("USD")}: in another one; {@code style="symbol"}: {@code ₦5,000.00}; {@code
 *       unit="minor"}: the number counts kobo or cents, as some platforms write it. Nothing is ever
 *       rounded: an amount with more decimals than its currency shows them, and a fraction of the
 *       minor unit is an error, since then the number counts something else
 *   <li>{@code time | date("d MMMM yyyy", zone="Africa/Lagos")}: of an ISO 8601 text, of {@code
 *       receivedAt}, or of seconds or milliseconds since 1970; without arguments {@code 23 November
 *       2026}, in UTC
 *   <li>{@code value | json}: any value as JSON, quotes included; in HTML without characters that
 *       could end a script or a tag
 * </ul>
 */
final class TemplateFilters extends AbstractExtension {
  private final JsonMapper json;

  /**
   * @param html whether the templates are HTML, in which JSON appears in scripts and attributes
   */
  TemplateFilters(boolean html) {
    this.json = html ? JsonInHtml.MAPPER : Json.STRICT;
  }

  @Override
  public Map<String, Filter> getFilters() {
    return Map.of(
        "money", new MoneyFilter(), "date", new DateFilter(), "json", new JsonFilter(json));
  }

  @Override
  public Map<String, Function> getFunctions() {
    return Map.of(RangeFunction.FUNCTION_NAME, new Range());
  }

  /** Pebble's own, which creates a list of any length. */
  private static final class Range extends RangeFunction {
    @Override
    public Object execute(
        Map<String, Object> arguments,
        PebbleTemplate template,
        EvaluationContext context,
        int line) {
      if (arguments.get("start") instanceof Number start
          && arguments.get("end") instanceof Number end) {
        Object given = arguments.get("increment");
        double step = given instanceof Number number ? number.doubleValue() : 1;
        double count = (end.doubleValue() - start.doubleValue()) / step;
        if (count > Bounds.RANGE) {
          throw new EffectException(
              "%s:%s: range: has more than %s numbers for this event; fewer would be right"
                  .formatted(template.getName(), line, Bounds.RANGE));
        }
      }
      return super.execute(arguments, template, context, line);
    }
  }

  private static final class MoneyFilter implements Filter {
    /** No amount of money has more digits; one that has would fill the e-mail. */
    private static final int DIGITS = 60;

    @Override
    public List<String> getArgumentNames() {
      return List.of("currency", "style", "unit");
    }

    @Override
    public @Nullable Object apply(
        @Nullable Object amount,
        Map<String, Object> arguments,
        PebbleTemplate template,
        EvaluationContext context,
        int line) {
      if (amount == null) {
        return null;
      }
      String at = template.getName() + ":" + line + ": money";
      Object given = arguments.get("currency");
      Object currency = given == null ? context.getVariable("currency") : given;
      Money money = Money.of(number(amount, at), currency == null ? "" : currency.toString());
      if (one(arguments, "unit", "major", "minor", at).equals("minor")) {
        money = ofMinor(money, amount, context, at);
      }
      return money.text(one(arguments, "style", "code", "symbol", at).equals("symbol"));
    }

    @SuppressWarnings("ReferenceEquality") // the very variable, not one that is as much
    private static Money ofMinor(Money money, Object amount, EvaluationContext context, String at) {
      if (amount instanceof BigDecimal && amount == context.getVariable("amount")) {
        throw new EffectException(
            at
                + ": 'amount' counts the major unit (naira, not kobo) whatever the platform sends;"
                + " {{ amount | money }} without unit would be right");
      }
      if (!money.isWhole()) {
        throw new EffectException(
            at
                + ": "
                + OneLine.of(amount.toString(), 40)
                + " has a fraction, so it counts no minor unit; {{ amount | money }} would be"
                + " right, or this one without unit");
      }
      return money.ofMinor();
    }

    private static BigDecimal number(Object amount, String at) {
      String text = amount.toString();
      try {
        return Bounds.number(text, DIGITS);
      } catch (NumberFormatException e) {
        throw new EffectException(
            at + ": the amount '" + OneLine.of(text, 40) + "' is no number", e);
      } catch (ArithmeticException e) {
        throw new EffectException(at + ": the amount has more than " + DIGITS + " digits", e);
      }
    }

    private static String one(
        Map<String, Object> arguments, String name, String standard, String other, String at) {
      Object value = arguments.get(name);
      if (value == null || value.equals(standard)) {
        return standard;
      }
      if (value.equals(other)) {
        return other;
      }
      throw new EffectException(
          "%s: %s is '%s'; %s or %s would be right".formatted(at, name, value, standard, other));
    }
  }

  private static final class DateFilter implements Filter {
    @Override
    public List<String> getArgumentNames() {
      return List.of("format", "zone");
    }

    @Override
    public @Nullable Object apply(
        @Nullable Object time,
        Map<String, Object> arguments,
        PebbleTemplate template,
        EvaluationContext context,
        int line) {
      if (time == null || time.toString().isBlank()) {
        return null;
      }
      String at = template.getName() + ":" + line + ": date";
      Object format = arguments.get("format");
      Object zone = arguments.get("zone");
      try {
        ZoneId in = zone == null ? ZoneOffset.UTC : ZoneId.of(zone.toString());
        TemporalAccessor read = read(time, in);
        // An unreadable time is better shown as received than not at all.
        return read == null
            ? time
            : DateTimeFormatter.ofPattern(
                    format == null ? "d MMMM yyyy" : format.toString(), Locale.ENGLISH)
                .withZone(in)
                .format(read);
      } catch (DateTimeException | IllegalArgumentException e) {
        throw new EffectException(at + ": " + e.getMessage(), e);
      }
    }

    private static @Nullable TemporalAccessor read(Object time, ZoneId zone) {
      if (time instanceof TemporalAccessor known) {
        return known;
      }
      if (time instanceof Number number) {
        return Times.since1970(number.longValue());
      }
      String text = time.toString().strip().replace(' ', 'T');
      try {
        if (text.indexOf('T') < 0) {
          return LocalDate.parse(text).atStartOfDay(zone);
        }
        TemporalAccessor read =
            DateTimeFormatter.ISO_DATE_TIME.parseBest(
                text, ZonedDateTime::from, OffsetDateTime::from, LocalDateTime::from);
        return read instanceof LocalDateTime local ? local.atZone(ZoneOffset.UTC) : read;
      } catch (DateTimeException e) {
        return null;
      }
    }
  }

  private record JsonFilter(JsonMapper json) implements Filter {
    @Override
    public @Nullable List<String> getArgumentNames() {
      return null;
    }

    @Override
    public Object apply(
        @Nullable Object value,
        Map<String, Object> arguments,
        PebbleTemplate template,
        EvaluationContext context,
        int line) {
      try {
        return new SafeString(json.writeValueAsString(value));
      } catch (JsonProcessingException e) {
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
          if (cause instanceof EffectException unusable) {
            throw unusable;
          }
        }
        throw new EffectException(
            template.getName() + ":" + line + ": json: " + e.getOriginalMessage(), e);
      }
    }
  }
}
