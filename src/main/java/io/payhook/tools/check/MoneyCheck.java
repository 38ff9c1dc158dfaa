package io.payhook.tools.check;

import io.payhook.signature.Provider;
import io.payhook.tools.check.Declarations.Declared;
import io.payhook.tools.check.MoneyUse.Amount;
import io.payhook.tools.check.Routes.Route;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Knows which of the values that a route gets are amounts of money. */
final class MoneyCheck {
  private final Findings findings;
  private final Declarations declared;
  private final Map<Route, MoneyUse> uses = new HashMap<>();

  MoneyCheck(Findings findings, Declarations declared) {
    this.findings = findings;
    this.declared = declared;
  }

  /** What warns where the route takes for money what is none. */
  MoneyUse in(@Nullable Route route) {
    return route == null
        ? new MoneyUse(findings, List.of())
        : uses.computeIfAbsent(route, key -> new MoneyUse(findings, amounts(key)));
  }

  /** The places of amounts in the events that a route subscribes to. */
  private List<Amount> amounts(Route route) {
    List<Amount> amounts = new ArrayList<>();
    Optional<Subscription> subscription = Subscription.of(route.from);
    subscription.ifPresent(each -> declared.takenBy(each).forEach(it -> add(each, it, amounts)));
    return amounts;
  }

  private static void add(Subscription subscription, Declared endpoint, List<Amount> into) {
    for (Provider provider : endpoint.providers()) {
      for (String type : subscription.types(endpoint)) {
        into.addAll(AmountPlaces.of(provider, type).amounts(endpoint.name().value()));
      }
    }
  }
}
