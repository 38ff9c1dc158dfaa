package io.payhook.signature;

import java.util.List;

/** What of a request a signature vouches for. */
final class Coverage {
  private final Plan plan;

  Coverage(Plan plan) {
    this.plan = plan;
  }

  /**
   * Whether one signature may be good for two events: the type or the key of some event stands
   * where nothing is signed, or single values are signed, of which nobody vouches where one ends
   * and the next begins.
   */
  boolean leavesOut(EventPlan event) {
    return !wholeBody()
        || event.key.all().stream().anyMatch(key -> !covers(key, event))
        || !covers(event.type, event);
  }

  private boolean covers(Template template, EventPlan event) {
    boolean names = template.names(Template.Word.TYPE) || template.names(Template.Word.RAW_TYPE);
    return template.sources().allMatch(this::covers) && (!names || covers(event.type, event));
  }

  private boolean covers(Template.Source source) {
    return switch (source.word()) {
      case CONST, PARAM, TYPE, RAW_TYPE, RECEIVED -> true;
      case HEADER, QUERY, PART -> named(source);
      case ID -> plan.id == null || everySigned(Template.Word.ID) || covers(plan.id, plan.event);
      case TIMESTAMP ->
          plan.timestamp == null
              || everySigned(Template.Word.TIMESTAMP)
              || covers(plan.timestamp, plan.event);
      default -> wholeBody() || named(source) || inSlice(source);
    };
  }

  private boolean wholeBody() {
    return plan.signed.stream()
        .allMatch(
            template ->
                template.names(Template.Word.BODY)
                    || template.names(Template.Word.SHA256)
                    || template.names(Template.Word.SORTED_FORM)
                    || template.names(Template.Word.FORM_FIELDS)
                    || template.namesOf(Template.Word.STRINGIFY).contains("")
                    || (!plan.bodyField().isEmpty()
                        && template.namesOf(Template.Word.FORM).contains(plan.bodyField())));
  }

  private boolean everySigned(Template.Word word) {
    return plan.signed.stream().allMatch(template -> template.names(word));
  }

  /** Whether the very same place is signed. */
  private boolean named(Template.Source source) {
    return plan.signed.stream()
        .allMatch(
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
  private boolean inSlice(Template.Source source) {
    return source.pointer() != null
        && plan.signed.stream()
            .allMatch(
                template ->
                    List.of(Template.Word.JSON, Template.Word.STRINGIFY).stream()
                        .flatMap(word -> template.namesOf(word).stream())
                        .anyMatch(slice -> (source.name() + "/").startsWith(slice + "/")));
  }
}
