package io.payhook.tools.check;

import io.payhook.effects.EffectException;
import io.payhook.effects.crm.CrmSink;
import io.payhook.effects.template.Templates;
import io.payhook.files.TextFile;
import io.payhook.kit.Location;
import io.payhook.tools.check.Rehearsal.Missing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tries templates with sample events. */
final class TemplateRehearsal {
  private static final Pattern DEFINED =
      Pattern.compile("^-?\\s*(?:set|for)\\s+(\\w+)(?:\\s*,\\s*(\\w+))?");
  private static final Pattern WORD = Pattern.compile("\\w+");

  /** One whose name is no text that stands there: a value, or a text with a value added. */
  private static final Pattern CHOSEN_TEMPLATE =
      Pattern.compile(
          "\\{%-?\\s*(extends|include|import|from|embed)\\s+(?!(?:\"[^\"]*\"|'[^']*')\\s*(?:-?%|with\\b|as\\b|import\\b))([^%]+)");

  private final Findings findings;
  private final Rehearsal rehearsal;
  private final Set<Path> seen = new HashSet<>();

  TemplateRehearsal(Findings findings, Rehearsal rehearsal) {
    this.findings = findings;
    this.rehearsal = rehearsal;
  }

  /** Renders it with each sample; one of JSON has to give JSON. */
  void check(Path file) {
    String text = TemplateText.read(findings, file);
    if (text == null) {
      return;
    }
    values(file, text);
    Templates templates = new Templates();
    for (SampleEvent sample : rehearsal.samples()) {
      try {
        String rendered = templates.render(file, new HashMap<>(sample.variables()));
        if (file.toString().endsWith(".json")) {
          CrmSink.checkJson(file, rendered);
        }
      } catch (EffectException e) {
        TemplateText.problem(findings, file, e, "correct it here");
      }
    }
  }

  /** Values that no sample has, in a template and those it stands on. */
  private void values(Path file, String text) {
    if (!seen.add(file)) {
      return;
    }
    Set<String> local = new HashSet<>(Set.of("loop", "true", "false", "null", "none"));
    Set<String> asked = new HashSet<>();
    names(text, local, asked);
    Notation.template(findings, file, text, local);
    Matcher tags = TemplateText.TAG.matcher(text);
    while (tags.find()) {
      if (tags.group(1) != null) {
        values(file, text, tags, local, asked);
      }
    }
    Matcher chosen = CHOSEN_TEMPLATE.matcher(text);
    while (chosen.find()) {
      findings.problem(
          Location.in(file, text, chosen.start(2)),
          "the template's name is made of values, so whoever sends the event chooses it",
          "write the names: {% if … %}{% include \"one.html\" %}{% endif %}");
    }
    Matcher others = TemplateText.OTHER_TEMPLATE.matcher(text);
    while (others.find()) {
      Path other = file.resolveSibling(others.group(2)).normalize();
      try {
        values(other, TextFile.read(other));
      } catch (IOException e) {
        findings.problem(
            Location.in(file, text, others.start(2)),
            "there is no template '%s'".formatted(others.group(2)),
            "a template beside this one is right");
      }
    }
  }

  /**
   * The names that tags give and ask for.
   *
   * @param local gets those that the template itself gives
   * @param asked gets those of which it asks whether they are there
   */
  private static void names(String text, Set<String> local, Set<String> asked) {
    Matcher tags = TemplateText.TAG.matcher(text);
    while (tags.find()) {
      String inside = tags.group(2) == null ? "" : tags.group(2).strip();
      Matcher defined = DEFINED.matcher(inside);
      if (defined.find()) {
        local.add(defined.group(1));
        if (defined.group(2) != null) {
          local.add(defined.group(2));
        }
      } else if (inside.startsWith("macro")) {
        WORD.matcher(inside).results().forEach(name -> local.add(name.group()));
      } else if (inside.matches("(?s)(if|elseif|for).*")) {
        TemplateText.NAME.matcher(inside).results().forEach(name -> asked.add(name.group()));
      }
    }
  }

  private void values(Path file, String text, Matcher tag, Set<String> local, Set<String> asked) {
    String inside = TemplateText.blanked(tag.group(1));
    Matcher names = TemplateText.NAME.matcher(inside);
    while (names.find()) {
      String rest = inside.substring(names.end()).stripLeading();
      String before = inside.substring(0, names.start()).stripTrailing();
      boolean function = rest.startsWith("(") || before.endsWith("|");
      boolean argument = rest.startsWith("=") && !rest.startsWith("==");
      boolean optional =
          rest.matches("(?s)(is |\\?|\\|\\s*default).*") || asked.contains(names.group());
      boolean first = before.isEmpty() || before.matches("(?s).*[(,~=]");
      boolean rooted = !names.group(2).isEmpty() || first;
      if (function || argument || optional || !rooted || local.contains(names.group(1))) {
        continue;
      }
      Missing missing = rehearsal.missing(TemplateText.path(names.group(1), names.group(2)));
      if (missing != null) {
        findings.problem(
            Location.in(file, text, tag.start(1) + names.start()),
            missing.what(names.group()),
            missing.right("", "write {{ %s | default(\"\") }}".formatted(names.group())));
      }
    }
  }
}
