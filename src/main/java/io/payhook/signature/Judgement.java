package io.payhook.signature;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.signature.Confirmation.Confirmed;
import io.payhook.signature.Confirmation.Finding;
import io.payhook.signature.Confirmation.Meaning;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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

  private final Plan plan;
  private final SettingTexts settings;
  private final List<JsonPointer> status;
  private final @Nullable Template statusEvent;
  private final PerType<List<JsonPointer>> reference;
  private final PerType<Template> referenceIs;
  private final List<JsonPointer> id;
  private final @Nullable Template idIs;
  private final PerType<List<JsonPointer>> amount;
  private final List<JsonPointer> currency;
  private final @Nullable Template typeBy;
  private final @Nullable Template key;

  private final List<String> statusIs;
  private final Map<String, String> statusOf;
  private final boolean minor;

  /** Types by the status in the answer, in lower case. */
  private final Map<String, String> typeIs = new LinkedHashMap<>();

  Judgement(Plan plan) {
    this.plan = plan;
    this.settings = plan.settings;
    status = pointers(Setting.CONFIRM_STATUS);
    statusEvent = settings.template(Setting.CONFIRM_STATUS_EVENT, Template.Context.EVENT);
    reference = perType(Setting.CONFIRM_REFERENCE, Setting.CONFIRM_REFERENCE_OF);
    referenceIs = settings.perType(Setting.CONFIRM_REFERENCE_IS, Setting.CONFIRM_REFERENCE_IS_OF);
    id = pointers(Setting.CONFIRM_ID);
    idIs = settings.template(Setting.CONFIRM_ID_IS, Template.Context.EVENT);
    amount = perType(Setting.CONFIRM_AMOUNT, Setting.CONFIRM_AMOUNT_OF);
    currency = pointers(Setting.CONFIRM_CURRENCY);
    typeBy = settings.template(Setting.CONFIRM_TYPE_BY, Template.Context.ANSWER);
    key = settings.template(Setting.CONFIRM_KEY, Template.Context.ANSWER);
    statusIs = settings.lines(Setting.CONFIRM_STATUS_IS);
    statusOf = settings.map(Setting.CONFIRM_STATUS_OF);
    minor = "minor".equals(settings.text(Setting.CONFIRM_AMOUNT_UNIT));
    settings
        .map(Setting.CONFIRM_TYPE_IS)
        .forEach((word, type) -> typeIs.put(word.toLowerCase(Locale.ROOT), type));
  }

  private List<JsonPointer> pointers(Setting setting) {
    return pointers(settings.word(setting, ""));
  }

  private PerType<List<JsonPointer>> perType(Setting general, Setting byType) {
    return new PerType<>(pointers(general), settings.map(byType), Judgement::pointers);
  }

  private static List<JsonPointer> pointers(String text) {
    return Setting.inTurn(text).stream().map(JsonPointer::compile).toList();
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

  Finding of(Scope scope, String type, JsonNode answer) throws Refusal {
    try {
      Template where = referenceIs.of(type, scope.rawType);
      List<JsonPointer> at = reference.of(type, scope.rawType);
      String entity =
          at == null || where == null
              ? null
              : same("reference", Setting.CONFIRM_REFERENCE, where, at, scope, answer);
      if (idIs != null) {
        String unused = same("id", Setting.CONFIRM_ID, idIs, id, scope, answer);
      }
      String now = typed(scope, type, answer);
      String code = currency(scope, answer);
      BigDecimal sum = amount(scope, now, answer, code);
      return new Finding(
          Meaning.CONFIRMED,
          "",
          new Confirmed(now.equals(type) ? null : now, key(scope, now, answer), entity, sum, code));
    } catch (Otherwise e) {
      return new Finding(e.meaning, e.reason);
    }
  }

  /** The text that both state; null from an event that need not state it is the answer's. */
  private static @Nullable String same(
      String what,
      Setting setting,
      Template where,
      List<JsonPointer> at,
      Scope scope,
      JsonNode answer)
      throws Refusal, Otherwise {
    String stated = where.text(scope);
    if (stated == null && !where.isOptional()) {
      throw lacking(what, where);
    }
    String said = said(answer, at);
    if (said == null) {
      throw missing(setting, at);
    }
    if (stated != null && !stated.equals(said)) {
      throw contradicted(what, said, stated);
    }
    return stated == null ? said : null;
  }

  /** The event's type by the API's status. */
  private String typed(Scope scope, String type, JsonNode answer) throws Refusal, Otherwise {
    String now = said(answer, status);
    if (now == null) {
      throw missing(Setting.CONFIRM_STATUS, status);
    }
    if (settings.lines(Setting.CONFIRM_STATUS_PENDING).stream().anyMatch(now::equalsIgnoreCase)) {
      throw new Otherwise(Meaning.PENDING, "the provider does not know yet: status " + shown(now));
    }
    String by = typeBy == null ? now : typeBy.text(answered(scope, type, answer));
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
    String stated = scope.textAt(statusEvent);
    if (stated != null && !stated.equalsIgnoreCase(now)) {
      throw contradicted("status", now, stated);
    }
    return type;
  }

  private boolean isNamedElsewhere(String status) {
    return Stream.concat(
                statusIs.stream(),
                statusOf.values().stream().flatMap(words -> Setting.list(words).stream()))
            .anyMatch(status::equalsIgnoreCase)
        || typeIs.containsKey(status.toLowerCase(Locale.ROOT));
  }

  private List<String> accepted(String type) {
    String own = statusOf.get(type);
    return own == null ? statusIs : Setting.list(own);
  }

  /** Where pointers lead into the answer. */
  private Scope answered(Scope scope, String type, JsonNode answer) {
    Scope told = new Scope(plan, scope.request, scope.now);
    told.item = answer;
    told.type = type;
    told.rawType = scope.rawType;
    return told;
  }

  private @Nullable String key(Scope scope, String type, JsonNode answer) throws Refusal {
    String text;
    if (key != null) {
      text = key.text(answered(scope, type, answer));
    } else if (!type.equals(scope.type)) {
      Scope renamed = new Scope(plan, scope.request, scope.now);
      renamed.type = type;
      renamed.rawType = type;
      text = renamed.textAt(plan.event.key.of(type, scope.rawType));
    } else {
      return null;
    }
    return text == null ? null : EventSection.keyText(text);
  }

  private @Nullable String currency(Scope scope, JsonNode answer) throws Refusal, Otherwise {
    if (currency.isEmpty()) {
      return null;
    }
    Template where = plan.event.currencyPlace(scope);
    String stated = scope.textAt(where);
    String expected = stated == null ? null : Currencies.code(stated);
    if (where != null && expected == null && (stated != null || !where.isOptional())) {
      throw stated == null ? lacking("currency", where) : unreadable("currency", stated);
    }
    String said = said(answer, currency);
    String code = said == null ? null : Currencies.code(said);
    if (code == null) {
      throw missing(Setting.CONFIRM_CURRENCY, currency);
    }
    if (expected != null && !code.equals(expected)) {
      throw contradicted("currency", code, expected);
    }
    return code;
  }

  private @Nullable BigDecimal amount(
      Scope scope, String type, JsonNode answer, @Nullable String code) throws Refusal, Otherwise {
    List<JsonPointer> places = amount.of(type, scope.rawType);
    if (places == null || places.isEmpty()) {
      return null;
    }
    String in = code == null ? plan.event.currencyOf(scope) : code;
    Template where = plan.event.amountPlace(scope);
    String stated = scope.textAt(where);
    BigDecimal expected = stated == null ? null : plan.event.amountOf(scope, in);
    if (where != null && stated == null && !where.isOptional()) {
      throw lacking("amount", where);
    }
    if (stated != null && (expected == null || expected.signum() < 0)) {
      throw unreadable("amount", stated);
    }
    String said = said(answer, places);
    BigDecimal sum = said == null ? null : plan.event.amount(said, minor, in);
    if (sum == null) {
      throw missing(Setting.CONFIRM_AMOUNT, places);
    }
    boolean more = "at-least".equals(settings.text(Setting.CONFIRM_AMOUNT_RULE));
    int compared = expected == null ? 0 : sum.compareTo(expected);
    if (expected != null && (more ? compared < 0 : compared != 0)) {
      throw contradicted(
          "amount", sum.toPlainString(), (more ? "at least " : "") + expected.toPlainString());
    }
    return sum;
  }

  private static @Nullable String said(JsonNode answer, List<JsonPointer> places) {
    for (JsonPointer place : places) {
      String text = StrictJson.text(answer.at(place));
      if (text != null && !text.isEmpty()) {
        return text;
      }
    }
    return null;
  }

  private static Otherwise missing(Setting setting, List<JsonPointer> places) {
    return new Otherwise(
        Meaning.UNREADABLE,
        "the provider's answer has nothing that can be read at %s (%s)"
            .formatted(
                String.join(" or ", places.stream().map(JsonPointer::toString).toList()),
                setting.key()));
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
  ObjectNode agreeing(Scope scope, String type, Map<String, String> otherwise) throws Refusal {
    ObjectNode answer = StrictJson.MAPPER.createObjectNode();
    String stated = scope.textAt(statusEvent);
    put(answer, status, otherwise.getOrDefault("status", stated == null ? agreed(type) : stated));
    Template where = referenceIs.of(type, scope.rawType);
    List<JsonPointer> at = reference.of(type, scope.rawType);
    if (where != null && at != null) {
      put(answer, at, otherwise.getOrDefault("reference", where.text(scope)));
    }
    put(answer, id, scope.textAt(idIs));
    String stands = plan.event.currencyOf(scope);
    String code = otherwise.getOrDefault("currency", stands == null ? ANY_CURRENCY : stands);
    put(answer, currency, code);
    String other = otherwise.get("amount");
    BigDecimal sum = other == null ? plan.event.amountOf(scope, code) : new BigDecimal(other);
    if (sum == null) {
      sum = ANY_AMOUNT;
    }
    if (minor) {
      sum = sum.divide(plan.event.minorUnit(code));
    }
    List<JsonPointer> places = amount.of(type, scope.rawType);
    put(answer, places == null ? List.of() : places, sum.toPlainString());
    return answer;
  }

  private String agreed(String type) {
    Map<String, String> byStatus = settings.map(Setting.CONFIRM_TYPE_IS);
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

  private static void put(ObjectNode answer, List<JsonPointer> places, @Nullable String value) {
    if (!places.isEmpty() && value != null) {
      JsonPointer at = places.get(0);
      answer
          .withObject(at.head(), JsonNode.OverwriteMode.ALL, true)
          .put(at.last().getMatchingProperty(), value);
    }
  }
}
