package io.payhook.signature;

import java.util.function.Predicate;
import java.util.stream.Stream;

/** How much of a request a platform's signature vouches for. */
public enum Coverage {
  /** The body, whole. */
  BODY,
  /** Only some of its members, or an order of them that others share. */
  PART,
  /** Nothing: a credential proves the sender, not what it sent. */
  NOTHING;

  private static final Word[] WHOLE = {Word.BODY, Word.SHA256};
  private static final Word[] SOME = {
    Word.BODY,
    Word.SHA256,
    Word.CRC32,
    Word.SORTED_FORM,
    Word.FORM,
    Word.FORM_FIELDS,
    Word.STRINGIFY,
    Word.LISTED,
    Word.NULLABLE,
    Word.JSON,
    Word.POINTER
  };

  static Coverage of(Plan plan) {
    boolean signs = plan.signature.algorithm.signs();
    return signs && everySigned(plan, template -> template.names(WHOLE))
        ? BODY
        : signs && everySigned(plan, template -> template.names(SOME)) ? PART : NOTHING;
  }

  /**
   * Whether one signature may be good for two events: the type or the key of some event stands
   * where nothing is signed, or single values are signed, of which nobody vouches where one ends
   * and the next begins.
   */
  static boolean leavesOut(Plan plan) {
    return !wholeBody(plan)
        || plan.event.key.all().stream().anyMatch(key -> !covers(plan, key))
        || !covers(plan, plan.event.type);
  }

  private static boolean covers(Plan plan, Template template) {
    return template.sources().allMatch(source -> covers(plan, source))
        && (!template.names(Word.TYPE, Word.RAW_TYPE) || covers(plan, plan.event.type));
  }

  private static boolean covers(Plan plan, TemplateSource source) {
    Template id = plan.signature.id;
    Template timestamp = plan.timestamp.from;
    return switch (source.word()) {
      case CONST, PARAM, TYPE, RAW_TYPE, RECEIVED -> true;
      case HEADER, QUERY, PART -> named(plan, source);
      case ID -> id == null || everySigned(plan, each -> each.names(Word.ID)) || covers(plan, id);
      case TIMESTAMP ->
          timestamp == null
              || everySigned(plan, each -> each.names(Word.TIMESTAMP))
              || covers(plan, timestamp);
      default -> wholeBody(plan) || named(plan, source) || inSlice(plan, source);
    };
  }

  private static boolean wholeBody(Plan plan) {
    return everySigned(
        plan,
        template ->
            template.names(Word.BODY, Word.SHA256, Word.SORTED_FORM, Word.FORM_FIELDS)
                || template.namesOf(Word.STRINGIFY).contains("")
                || (!plan.bodyField.isEmpty()
                    && template.namesOf(Word.FORM).contains(plan.bodyField)));
  }

  private static boolean everySigned(Plan plan, Predicate<Template> is) {
    return plan.signature.signed.stream().allMatch(is);
  }

  /** Whether the very same place is signed. */
  private static boolean named(Plan plan, TemplateSource source) {
    return everySigned(
        plan,
        template ->
            template
                .sources()
                .anyMatch(
                    each ->
                        each.name().equals(source.name())
                            && (each.word() == source.word()
                                || (each.pointer() != null && source.pointer() != null))));
  }

  /** Whether it stands in a part of the body that is signed as a whole. */
  private static boolean inSlice(Plan plan, TemplateSource source) {
    return source.pointer() != null
        && everySigned(
            plan,
            template ->
                Stream.of(Word.JSON, Word.STRINGIFY)
                    .flatMap(word -> template.namesOf(word).stream())
                    .anyMatch(slice -> (source.name() + "/").startsWith(slice + "/")));
  }
}
