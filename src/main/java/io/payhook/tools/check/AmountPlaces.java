package io.payhook.tools.check;

import io.payhook.kit.Globs;
import io.payhook.signature.Provider;
import io.payhook.signature.Setting;
import io.payhook.tools.check.MoneyUse.Amount;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a provider's settings say that the amount of one event type is.
 *
 * @param own what the fact {@code amount} is made of
 * @param others where other types have theirs, and this one perhaps the amount of something else
 * @param minor whether they count the currency's minor unit
 */
record AmountPlaces(Set<List<String>> own, Set<List<String>> others, boolean minor) {
  private static final Pattern PLACE =
      Pattern.compile("(?:^|[|{\\n])\\s*(root:|form:)?(/?[^|{}\\n?]+?)\\??\\s*(?=[|}\\n]|$)");

  static AmountPlaces of(Provider provider, String type) {
    String unit =
        setting(provider, Setting.EVENT_AMOUNT_UNIT, Setting.EVENT_AMOUNT_UNIT_OF, type)
            .orElse("major");
    Set<List<String>> own =
        places(setting(provider, Setting.EVENT_AMOUNT, Setting.EVENT_AMOUNT_OF, type).orElse(""));
    Set<List<String>> others = places(provider.setting(Setting.EVENT_AMOUNT).orElse(""));
    others.removeAll(own);
    return new AmountPlaces(own, others, unit.equals("minor"));
  }

  List<Amount> amounts(String endpoint) {
    List<Amount> amounts = new ArrayList<>();
    own.forEach(members -> amounts.add(new Amount(members, endpoint, true, minor)));
    others.forEach(members -> amounts.add(new Amount(members, endpoint, false, minor)));
    return amounts;
  }

  /**
   * A setting as it is for one type: the exact name before a pattern, a longer before a shorter.
   */
  private static Optional<String> setting(
      Provider provider, Setting base, Setting byType, String type) {
    String prefix = byType.key() + ".";
    List<String> names = new ArrayList<>(List.of(type));
    provider
        .aliases()
        .forEach(
            (theirs, ours) -> {
              if (ours.equals(type)) {
                names.add(theirs.replaceFirst("/.*$", ""));
              }
            });
    return provider.settings().entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(prefix))
        .filter(
            entry -> {
              String of = entry.getKey().substring(prefix.length());
              return names.stream().anyMatch(name -> Globs.matches(of, name));
            })
        .max(
            Comparator.comparing((Map.Entry<String, String> entry) -> !entry.getKey().contains("*"))
                .thenComparing(entry -> entry.getKey().length()))
        .map(Map.Entry::getValue)
        .or(() -> provider.setting(base));
  }

  /** The members of the event that a template names; others of its words lead elsewhere. */
  private static Set<List<String>> places(String template) {
    Set<List<String>> places = new LinkedHashSet<>();
    Matcher place = PLACE.matcher(template);
    while (place.find()) {
      String name = place.group(2).strip();
      if ("form:".equals(place.group(1))) {
        places.add(List.of(name));
      } else if (name.startsWith("/")) {
        places.add(
            Arrays.stream(name.substring(1).split("/", -1))
                .map(each -> each.replace("~1", "/").replace("~0", "~"))
                .toList());
      }
    }
    return places;
  }
}
