package io.payhook.tools.check;

import io.payhook.kit.Located;
import io.payhook.tools.check.Routes.Route;
import io.payhook.tools.check.Routes.Use;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds what {@code transacted: true} does not cover: statements on a database other than Payhook's
 * can't be one commit with the end of the delivery.
 */
final class TransactedCheck {

  /** Payhook's own data source, and camel-jdbc's words for the one there is. */
  private static final Set<String> OWN = Set.of("payhook", "dataSource", "default");

  private final Findings findings;
  private final Map<Route, List<Use>> steps = new LinkedHashMap<>();
  private final Map<Route, Use> starts = new LinkedHashMap<>();

  TransactedCheck(Findings findings, List<Use> uses) {
    this.findings = findings;
    for (Use use : uses) {
      Route route = use.route();
      if (route != null && use.isFrom()) {
        starts.putIfAbsent(route, use);
      } else if (route != null) {
        steps.computeIfAbsent(route, key -> new ArrayList<>()).add(use);
      }
    }
  }

  void check() {
    Set<Use> found = new LinkedHashSet<>();
    starts.forEach(
        (route, start) -> {
          if (start.to().startsWith("event:") && isTransacted(start)) {
            found.addAll(elsewhere(route));
          }
        });
    for (Use use : found) {
      String name = dataSource(use);
      findings.warn(
          use.uri().location(),
          ("transacted does not cover '%s': what this step writes is committed at once, stays when"
                  + " the delivery fails, and is written again by each retry")
              .formatted(name),
          "write it so that a repeat changes nothing (on conflict do nothing), in a route of its"
              + " own without transacted");
    }
  }

  private boolean isTransacted(Use start) {
    Located.Text value = start.parameter("transacted");
    return value != null && findings.resolved(value.value()).orElse("").equals("true");
  }

  /** The steps on other databases, of a route and of those it calls on the same thread. */
  private List<Use> elsewhere(Route route) {
    List<Use> found = new ArrayList<>();
    Set<Route> seen = new LinkedHashSet<>();
    Deque<Route> open = new ArrayDeque<>(List.of(route));
    while (!open.isEmpty()) {
      Route next = open.pop();
      if (!seen.add(next)) {
        continue;
      }
      for (Use step : steps.getOrDefault(next, List.of())) {
        if (step.scheme().equals("direct")) {
          Route called = startingFrom(step.address());
          if (called != null) {
            open.push(called);
          }
        } else if (step.scheme().equals("jdbc") && !OWN.contains(dataSource(step))) {
          found.add(step);
        }
      }
    }
    return found;
  }

  private @Nullable Route startingFrom(String address) {
    for (Map.Entry<Route, Use> start : starts.entrySet()) {
      if (start.getValue().address().equals(address)) {
        return start.getKey();
      }
    }
    return null;
  }

  private static String dataSource(Use use) {
    return use.address().replaceFirst("^jdbc:", "");
  }
}
