package io.payhook.tools.check;

import io.payhook.kit.Located;
import io.payhook.tools.check.RouteCheck.Direction;
import io.payhook.tools.check.RouteCheck.Route;
import io.payhook.tools.check.RouteCheck.Use;
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

  private final Check check;
  private final Map<Route, List<Use>> steps = new LinkedHashMap<>();
  private final Map<Route, Use> starts = new LinkedHashMap<>();

  TransactedCheck(Check check, List<Use> uses) {
    this.check = check;
    for (Use use : uses) {
      Route route = use.route();
      if (route != null && use.direction() == Direction.FROM) {
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
          if (uri(start).startsWith("event:") && isTransacted(start)) {
            found.addAll(elsewhere(route));
          }
        });
    for (Use use : found) {
      String name = dataSource(use);
      check.warn(
          use.source().file(),
          use.uri().place(),
          "transacted does not cover '"
              + name
              + "': what this step writes is committed at once, stays when the delivery fails, and"
              + " is written again by each retry",
          "write it so that a repeat changes nothing (on conflict do nothing), in a route of its"
              + " own without transacted");
    }
  }

  private boolean isTransacted(Use start) {
    Located.Map parameters = start.parameters();
    Located.Text value = parameters == null ? null : parameters.text("transacted");
    return value != null && check.resolved(value.value()).orElse("").equals("true");
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
        String uri = uri(step);
        if (uri.startsWith("direct:")) {
          Route called = startingFrom(RouteCheck.address(uri));
          if (called != null) {
            open.push(called);
          }
        } else if (uri.startsWith("jdbc:") && !OWN.contains(dataSource(step))) {
          found.add(step);
        }
      }
    }
    return found;
  }

  private @Nullable Route startingFrom(String address) {
    for (Map.Entry<Route, Use> start : starts.entrySet()) {
      if (RouteCheck.address(uri(start.getValue())).equals(address)) {
        return start.getKey();
      }
    }
    return null;
  }

  private String uri(Use use) {
    return check.resolved(use.uri().value()).orElse("");
  }

  private String dataSource(Use use) {
    return RouteCheck.address(uri(use)).replaceFirst("^jdbc:", "");
  }
}
