package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.kit.Currencies;
import io.payhook.signature.Confirmation.Confirmed;
import io.payhook.signature.Confirmation.Finding;
import io.payhook.signature.Confirmation.Meaning;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Compares what an event says with what the platform's API answers. What both should state is
 * compared or the event is refused: a value that can't be read is never taken for agreement.
 */
final class Judgement {
  private static final int LONGEST_SHOWN = 100;

  /** What a stand-in says of an event that leaves it to the platform's API to say it. */
  private static final BigDecimal ANY_AMOUNT = new BigDecimal("1000.00");

  private static final String ANY_CURRENCY = "NGN";

  /** In place of a status: any that is named nowhere. */
  private static final String OTHER = "*";

  // Places in the answer, but for those whose name ends with Is or Event.
  private final Plan plan;
  private final @Nullable Template status;
  private final @Nullable Template statusEvent;
  private final PerType<Template> reference;
  private final PerType<Template> referenceIs;
  private final @Nullable Template id;
  private final @Nullable Template idIs;
  private final PerType<Template> amount;
  private final @Nullable Template currency;
  private final @Nullable Template typeBy;
  private final @Nullable Template key;
  private final List<String> statusIs;
  private final List<String> statusPending;
  private final Map<String, String> statusOf;
  private final boolean minor;
  private final boolean atLeast;

  /** Types by the status in the answer, in lower case. */
  private final Map<String, String> typeIs = new LinkedHashMap<>();

  Judgement(Plan plan) {
    this.plan = plan;
    SettingTexts settings = plan.settings;
    status = places(settings.text(Setting.CONFIRM_STATUS));
    statusEvent = settings.template(Setting.CONFIRM_STATUS_EVENT, Template.Context.EVENT);
    reference = perType(settings, Setting.CONFIRM_REFERENCE, Setting.CONFIRM_REFERENCE_OF);
    referenceIs = settings.perType(Setting.CONFIRM_REFERENCE_IS, Setting.CONFIRM_REFERENCE_IS_OF);
    id = places(settings.text(Setting.CONFIRM_ID));
    idIs = settings.template(Setting.CONFIRM_ID_IS, Template.Context.EVENT);
    amount = perType(settings, Setting.CONFIRM_AMOUNT, Setting.CONFIRM_AMOUNT_OF);
    currency = places(settings.text(Setting.CONFIRM_CURRENCY));
    typeBy = settings.template(Setting.CONFIRM_TYPE_BY, Template.Context.ANSWER);
    key = settings.template(Setting.CONFIRM_KEY, Template.Context.ANSWER);
    statusIs = settings.lines(Setting.CONFIRM_STATUS_IS);
    statusPending = settings.lines(Setting.CONFIRM_STATUS_PENDING);
    statusOf = settings.map(Setting.CONFIRM_STATUS_OF);
    minor = "minor".equals(settings.text(Setting.CONFIRM_AMOUNT_UNIT));
    atLeast = "at-least".equals(settings.text(Setting.CONFIRM_AMOUNT_RULE));
    settings
        .map(Setting.CONFIRM_TYPE_IS)
        .forEach((word, type) -> typeIs.put(word.toLowerCase(Locale.ROOT), type));
  }

  private static PerType<Template> perType(SettingTexts settings, Setting general, Setting of) {
    return new PerType<>(
        places(settings.text(general)),
        settings.map(of),
        text -> Objects.requireNonNull(places(text)));
  }

  /** Of several places the first that has something counts. */
  private static @Nullable Template places(@Nullable String text) {
    return text == null
        ? null
        : Template.parse(String.join("|", Setting.inTurn(text)), Template.Context.ANSWER);
  }

  /** Ends the comparison. */
  private static final class Otherwise extends Exception {
    private static final long serialVersionUID = 1L;
    private final Meaning meaning;
    private final String reason;

    Otherwise(Meaning meaning, String reason) {
      super(reason, null, false, false);
      this.meaning = meaning;
      this.reason = reason;
    }
  }

  Finding of(Scope event, String type, JsonNode json) throws Refusal {
    Scope answer = named(event, type);
    answer.item = json;
    try {
      Template where = referenceIs.of(type, event.rawType);
      Template at = reference.of(type, event.rawType);
      String entity =
          at == null || where == null
              ? null
              : same("reference", Setting.CONFIRM_REFERENCE, where, at, event, answer);
      if (idIs != null && id != null) {
        String unused = same("id", Setting.CONFIRM_ID, idIs, id, event, answer);
      }
      String now = typed(event, type, answer);
      String code = currency(event, answer);
      BigDecimal sum = amount(event, now, answer, code);
      answer.type = now;
      return new Finding(
          Meaning.CONFIRMED,
          "",
          new Confirmed(now.equals(type) ? null : now, key(event, now, answer), entity, sum, code));
    } catch (Otherwise e) {
      return new Finding(e.meaning, e.reason);
    }
  }

  /** The event by another type. */
  private Scope named(Scope event, String type) {
    Scope named = new Scope(plan, event.request, event.now);
    named.type = type;
    named.rawType = event.rawType;
    return named;
  }

  /** The text that both state; null from an event that need not state it is the answer's. */
  private static @Nullable String same(
      String what, Setting setting, Template where, Template at, Scope event, Scope answer)
      throws Refusal, Otherwise {
    String stated = where.text(event);
    if (stated == null && !where.isOptional()) {
      throw lacking(what, where);
    }
    String said = said(setting, at, answer);
    if (stated != null && !stated.equals(said)) {
      throw contradicted(what, said, stated);
    }
    return stated == null ? said : null;
  }

  /** The event's type by the API's status. */
  private String typed(Scope event, String type, Scope answer) throws Refusal, Otherwise {
    String now = said(Setting.CONFIRM_STATUS, Objects.requireNonNull(status), answer);
    if (statusPending.stream().anyMatch(now::equalsIgnoreCase)) {
      throw new Otherwise(Meaning.PENDING, "the provider does not know yet: status " + shown(now));
    }
    String by = typeBy == null ? now : typeBy.text(answer);
    String told =
        typeIs.getOrDefault(by == null ? "" : by.toLowerCase(Locale.ROOT), typeIs.get(OTHER));
    boolean tellsItself = typeIs.isEmpty() || typeIs.containsValue(type);
    if (told != null && !tellsItself) {
      return told;
    }
    List<String> right = accepted(type);
    boolean accepted =
        right.stream().anyMatch(now::equalsIgnoreCase)
            || (right.contains(OTHER) && !isNamedElsewhere(now));
    if ((told != null && !told.equals(type)) || !accepted) {
      throw contradicted("status", now, String.join(" or ", right));
    }
    String stated = event.textAt(statusEvent);
    if (stated != null && !stated.equalsIgnoreCase(now)) {
      throw contradicted("status", now, stated);
    }
    return type;
  }

  private boolean isNamedElsewhere(String word) {
    return typeIs.containsKey(word.toLowerCase(Locale.ROOT))
        || Stream.concat(
                statusIs.stream(),
                statusOf.values().stream().flatMap(words -> Setting.list(words).stream()))
            .anyMatch(word::equalsIgnoreCase);
  }

  private List<String> accepted(String type) {
    String own = statusOf.get(type);
    return own == null ? statusIs : Setting.list(own);
  }

  private @Nullable String key(Scope event, String type, Scope answer) throws Refusal {
    String text = null;
    if (key != null) {
      text = key.text(answer);
    } else if (!type.equals(event.type)) {
      Scope renamed = named(event, type);
      renamed.rawType = type;
      text = renamed.textAt(plan.event.key.of(type, event.rawType));
    }
    return text == null ? null : EventSection.keyText(text);
  }

  private @Nullable String currency(Scope event, Scope answer) throws Refusal, Otherwise {
    if (currency == null) {
      return null;
    }
    Template where = plan.event.currencyPlace(event);
    String stated = event.textAt(where);
    String expected = stated == null ? null : Currencies.code(stated);
    if (where != null && expected == null && (stated != null || !where.isOptional())) {
      throw stated == null ? lacking("currency", where) : unreadable("currency", stated);
    }
    String code = Currencies.code(said(Setting.CONFIRM_CURRENCY, currency, answer));
    if (code == null) {
      throw missing(Setting.CONFIRM_CURRENCY, currency);
    }
    if (expected != null && !code.equals(expected)) {
      throw contradicted("currency", code, expected);
    }
    return code;
  }

  private @Nullable BigDecimal amount(Scope event, String type, Scope answer, @Nullable String code)
      throws Refusal, Otherwise {
    Template at = amount.of(type, event.rawType);
    if (at == null) {
      return null;
    }
    String in = code == null ? plan.event.currencyOf(event) : code;
    Template where = plan.event.amountPlace(event);
    String stated = event.textAt(where);
    BigDecimal expected = stated == null ? null : plan.event.amountOf(event, in);
    if (where != null && stated == null && !where.isOptional()) {
      throw lacking("amount", where);
    }
    if (stated != null && (expected == null || expected.signum() < 0)) {
      throw unreadable("amount", stated);
    }
    BigDecimal sum = plan.event.amount(said(Setting.CONFIRM_AMOUNT, at, answer), minor, in);
    if (sum == null) {
      throw missing(Setting.CONFIRM_AMOUNT, at);
    }
    int compared = expected == null ? 0 : sum.compareTo(expected);
    if (expected != null && (atLeast ? compared < 0 : compared != 0)) {
      throw contradicted(
          "amount", sum.toPlainString(), (atLeast ? "at least " : "") + expected.toPlainString());
    }
    return sum;
  }

  /** What the answer has at a place. */
  private static String said(Setting setting, Template at, Scope answer) throws Refusal, Otherwise {
    String text = at.text(answer);
    if (text == null) {
      throw missing(setting, at);
    }
    return text;
  }

  private static Otherwise missing(Setting setting, Template at) {
    return new Otherwise(
        Meaning.UNREADABLE,
        "the provider's answer has nothing that can be read at %s (%s)"
            .formatted(String.join(" or ", at.namesOf(Word.POINTER)), setting.key()));
  }

  private static Otherwise lacking(String what, Template where) {
    return new Otherwise(
        Meaning.CONTRADICTED,
        "the event states no " + what + " at " + where + ", so it can't be compared");
  }

  private static Otherwise unreadable(String what, String stated) {
    return new Otherwise(
        Meaning.CONTRADICTED,
        "the event's " + what + " " + shown(stated) + " is none that can be compared");
  }

  private static Otherwise contradicted(String what, String said, String expected) {
    return new Otherwise(
        Meaning.CONTRADICTED,
        "the provider says %s %s, the event needs %s"
            .formatted(what, shown(said), shown(expected)));
  }

  private static String shown(String text) {
    String line = text.replaceAll("\\p{Cntrl}", " ");
    return line.length() <= LONGEST_SHOWN ? line : line.substring(0, LONGEST_SHOWN) + "…";
  }

  /** An answer that confirms the event, but for what is to be otherwise. */
  ObjectNode agreeing(Scope event, String type, Map<String, String> otherwise) throws Refusal {
    ObjectNode answer = StrictJson.MAPPER.createObjectNode();
    String stated = event.textAt(statusEvent);
    put(answer, status, otherwise.getOrDefault("status", stated == null ? agreed(type) : stated));
    Template where = referenceIs.of(type, event.rawType);
    if (where != null) {
      put(
          answer,
          reference.of(type, event.rawType),
          otherwise.getOrDefault("reference", where.text(event)));
    }
    put(answer, id, event.textAt(idIs));
    String stands = plan.event.currencyOf(event);
    String code = otherwise.getOrDefault("currency", stands == null ? ANY_CURRENCY : stands);
    put(answer, currency, code);
    String other = otherwise.get("amount");
    BigDecimal sum = other == null ? plan.event.amountOf(event, code) : new BigDecimal(other);
    sum = sum == null ? ANY_AMOUNT : sum;
    sum = minor ? sum.divide(plan.event.minorUnit(code)) : sum;
    put(answer, amount.of(type, event.rawType), sum.toPlainString());
    return answer;
  }

  private String agreed(String type) {
    Map<String, String> byStatus = plan.settings.map(Setting.CONFIRM_TYPE_IS);
    List<String> right = accepted(type);
    return byStatus.keySet().stream()
        .filter(word -> type.equals(byStatus.get(word)))
        .findFirst()
        .orElseGet(
            () ->
                right.isEmpty()
                    ? typeIs.keySet().iterator().next()
                    : right.get(0).equals(OTHER) ? "other" : right.get(0));
  }

  private static void put(ObjectNode answer, @Nullable Template at, @Nullable String value) {
    if (at != null && value != null) {
      JsonPointer place = JsonPointer.compile(at.namesOf(Word.POINTER).get(0));
      answer
          .withObject(place.head(), JsonNode.OverwriteMode.ALL, true)
          .put(place.last().getMatchingProperty(), value);
    }
  }
}
