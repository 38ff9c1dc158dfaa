package io.payhook.signature;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A provider's settings, compiled once, by the sections of its YAML: ready to verify with. */
final class Plan {
  final SettingTexts settings;
  final SignatureSection signature;
  final TimestampSection timestamp;
  final EventSection event;
  final @Nullable HandshakeSection handshake;
  final BodyFormat bodyFormat;

  /** The form field that holds the body proper; empty where none does. */
  final String bodyField;

  final PublicUrl publicUrl;
  final Map<String, String> params;

  /** Whether something that tells one event from another stands outside of what is signed. */
  final boolean namesUnsigned;

  /** The settings must have been found right, each for itself and all together. */
  Plan(SettingTexts settings) {
    this.settings = settings;
    signature = new SignatureSection(settings);
    timestamp = new TimestampSection(settings);
    event = new EventSection(settings);
    handshake = HandshakeSection.of(settings);
    bodyFormat = settings.choice(BodyFormat.class, Setting.BODY_FORMAT, "json");
    bodyField = settings.word(Setting.BODY_FIELD, "");
    publicUrl =
        new PublicUrl(
            settings.text(Setting.URL_PUBLIC), settings.flag(Setting.URL_FORWARDED, false));
    params = settings.map(Setting.PARAMS);
    namesUnsigned = signature.algorithm.signs() && Coverage.leavesOut(this);
  }

  /** What is wrong with settings that are each right for themselves. */
  static void check(SettingTexts settings, Problems problems) {
    problems.whenMissing(
        settings, Setting.SIGNATURE_ALGORITHM, Setting.EVENT_TYPE, Setting.EVENT_KEY);
    if (problems.count() > 0) {
      return;
    }
    Plan plan = new Plan(settings);
    plan.signature.check(plan, problems);
    boolean inForm =
        plan.bodyFormat == BodyFormat.JSON_IN_FORM || plan.bodyFormat == BodyFormat.XML_IN_FORM;
    problems.when(
        inForm && plan.bodyField.isEmpty(),
        Setting.BODY_FIELD,
        "is missing; body.format names a form field's content");
    HandshakeSection.check(plan, problems);
    plan.event.check(plan, problems);
    plan.checkParams(problems);
    Confirmation.check(plan, problems);
  }

  private void checkParams(Problems problems) {
    List<Template> all = Stream.concat(signature.signed.stream(), event.templates()).toList();
    for (Template template : all) {
      for (String name : template.namesOf(Word.PARAM)) {
        problems.when(
            !params.containsKey(name),
            Setting.PARAMS,
            "has no '%s', which '%s' names; add params.%1$s".formatted(name, template));
      }
    }
  }
}
