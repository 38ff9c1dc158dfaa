package io.payhook.tools.check;

import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Location;
import io.payhook.tools.check.Routes.Route;
import io.payhook.tools.check.Routes.Use;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sees that whatever reaches the journal has passed the signature step, through all the routes it
 * may come by.
 */
final class SignatureFirst {
  private final Findings findings;
  private final List<Use> uses;

  SignatureFirst(Findings findings, List<Use> uses) {
    this.findings = findings;
    this.uses = uses;
  }

  /** Names every location where something unverified reaches the journal. */
  void check(List<Route> routes) {
    for (Route route : routes) {
      Walk walk = new Walk(null);
      walk.steps(route.body.map("from"), guardedFrom(route, Set.of()));
      walk.unguarded.forEach(
          location ->
              findings.problem(
                  location,
                  "the journal is reached without the signature step, so anybody could send events",
                  "put '- process:' with 'ref: signature' before this step"));
    }
  }

  /** Whether whatever reaches this route has passed the signature step. */
  private boolean guardedFrom(Route route, Set<Route> around) {
    if (route.from == null
        || !Routes.OWN_SCHEMES.contains(Routes.scheme(route.from))
        || around.contains(route)) {
      return false;
    }
    Set<Route> deeper = new LinkedHashSet<>(around);
    deeper.add(route);
    String wanted = Routes.address(route.from);
    boolean called = false;
    for (Use use : uses) {
      if (use.route() != null && !use.isFrom() && use.address().equals(wanted)) {
        called = true;
        if (!passes(use.route(), use.uri(), deeper)) {
          return false;
        }
      }
    }
    return called;
  }

  private boolean passes(Route route, Text at, Set<Route> around) {
    Walk walk = new Walk(at);
    walk.steps(route.body.map("from"), guardedFrom(route, around));
    return walk.seenAt;
  }

  /** Follows the steps of a route in their order. */
  private static final class Walk {
    private final @Nullable Text until;
    private final List<Location> unguarded = new ArrayList<>();
    private boolean seenAt;

    Walk(@Nullable Text until) {
      this.until = until;
    }

    boolean steps(Located.@Nullable Map of, boolean before) {
      boolean seen = before;
      for (Located step : of == null ? List.<Located>of() : of.items("steps")) {
        if (step instanceof Located.Map map && !map.entries().isEmpty()) {
          seen = step(map.entries().get(0), seen);
        }
      }
      return seen;
    }

    private boolean step(Entry entry, boolean before) {
      if (!(entry.value() instanceof Located.Map step)) {
        return before;
      }
      String name = entry.key().value();
      Text ref = step.text("ref");
      if (name.equals("process") && ref != null && plain(ref).equals("signature")) {
        return true;
      }
      Text repository = step.text("idempotentRepository");
      if (repository != null && plain(repository).equals("journal") && !before) {
        unguarded.add(repository.location());
      }
      Text uri = step.text("uri");
      if (until != null && uri != null && uri.location().equals(until.location())) {
        seenAt = before;
      }
      boolean seen = steps(step, before);
      for (String part : List.of("when", "otherwise", "doCatch", "doFinally", "onFallback")) {
        Located branch = step.get(part);
        if (branch instanceof Located.Map map) {
          steps(map, before);
        } else if (branch instanceof Located.Items items) {
          items.items().forEach(item -> steps(item instanceof Located.Map m ? m : null, before));
        }
      }
      boolean always = Set.of("pipeline", "step", "doTry", "idempotentConsumer").contains(name);
      return always ? seen : before;
    }

    private static String plain(Text ref) {
      return ref.value().replaceFirst("^#bean:|^#", "");
    }
  }
}
