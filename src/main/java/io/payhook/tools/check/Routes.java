package io.payhook.tools.check;

import io.payhook.kit.Located;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Location;
import io.payhook.kit.Nearest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.DefaultCamelContext;
import org.jspecify.annotations.Nullable;

/** What the route files of a folder hold, as far as checks are interested in it. */
final class Routes {
  static final Set<String> OWN_SCHEMES = Set.of("direct", "seda");

  enum Direction {
    FROM,
    TO,
    DYNAMIC
  }

  /** A route or a kamelet's template. */
  static final class Route {
    final @Nullable Text id;
    final Located.Map body;
    final boolean kamelet;

    /** What a kamelet is given: its parameters and beans of its own. */
    final Set<String> local;

    final Set<String> variables = new LinkedHashSet<>();
    @Nullable String from;

    Route(@Nullable Text id, Located.Map body, boolean kamelet, Set<String> local) {
      this.id = id;
      this.body = body;
      this.kamelet = kamelet;
      this.local = local;
    }
  }

  /**
   * An address that a route starts from or sends to.
   *
   * @param to with its placeholders resolved; empty where they can't be
   */
  record Use(
      @Nullable Route route,
      Direction direction,
      Text uri,
      String to,
      Located.@Nullable Map parameters) {
    String scheme() {
      return Routes.scheme(to);
    }

    String address() {
      return Routes.address(to);
    }

    boolean isFrom() {
      return direction == Direction.FROM;
    }

    boolean inKamelet() {
      return route != null && route.kamelet;
    }

    /** The name of the kamelet that it calls, or empty. */
    String kamelet() {
      return to.startsWith("kamelet:") ? to.substring(8).replaceFirst("[/?].*$", "") : "";
    }

    List<Located.Entry> entries() {
      return parameters == null ? List.of() : parameters.entries();
    }

    @Nullable Text parameter(String name) {
      return parameters == null ? null : parameters.text(name);
    }
  }

  /** An expression in a language. */
  record Spoken(@Nullable Route route, String language, Text text, boolean predicate) {}

  final List<Route> routes = new ArrayList<>();
  final List<Use> uses = new ArrayList<>();
  final List<Spoken> spoken = new ArrayList<>();

  /** Whether every file could be read: what one file lacks may stand in another. */
  boolean whole;

  private final Findings findings;
  private final Declarations declared;
  private @Nullable CamelContext context;

  Routes(Findings findings, Declarations declared, boolean whole) {
    this.findings = findings;
    this.declared = declared;
    this.whole = whole;
  }

  void use(Use use) {
    uses.add(use);
  }

  static String scheme(String uri) {
    int colon = uri.indexOf(':');
    return colon < 0 ? "" : uri.substring(0, colon);
  }

  /** Scheme and name without options: {@code direct:note-payment}. */
  static String address(String uri) {
    return uri.replaceFirst("(?s)\\?.*", "").replaceFirst(":/*", ":");
  }

  /** Two routes of one id. */
  void ids() {
    Map<String, Text> seen = new LinkedHashMap<>();
    for (Route route : routes) {
      Text id = route.kamelet ? null : route.id;
      Text earlier = id == null ? null : seen.putIfAbsent(id.value(), id);
      if (id != null && earlier != null) {
        findings.problem(
            id.location(),
            "route id '%s' is already in %s".formatted(id.value(), named(earlier.location())),
            "give one of the two another id");
      }
    }
  }

  /** {@code file:line}, the file by its name alone. */
  static String named(Location location) {
    return location.file().getFileName() + ":" + location.line();
  }

  /** That a bean which is named is there. */
  void bean(@Nullable Route route, Text at, String name, String kind) {
    String bean = findings.resolved(name).orElse("");
    boolean local = route != null && route.kamelet && name.contains("{{");
    if (!bean.isEmpty() && !local && !bean.contains(":") && !declared.hasBean(bean) && whole) {
      findings.problem(
          at.location(),
          "there is no %s '%s'".formatted(kind, bean),
          Nearest.meant(bean, declared.beanNames(), "declare it under '- beans:'"));
    }
  }

  /** What a route does with the events it subscribes to can be tried with their samples. */
  Rehearsal rehearsal(@Nullable Route route) {
    Set<String> variables = new LinkedHashSet<>(List.of("rows", "crmStatus", "crmResponse"));
    boolean complete = false;
    if (route != null) {
      variables.addAll(route.variables);
      complete =
          route.from != null
              && route.from.startsWith("event:")
              && route.variables.stream().noneMatch(name -> name.contains("$"));
    }
    Optional<Subscription> subscription = Subscription.of(route == null ? null : route.from);
    List<SampleEvent> samples =
        subscription.stream()
            .flatMap(each -> declared.takenBy(each).flatMap(each::samples))
            .toList();
    return new Rehearsal(findings, samples, variables, complete);
  }

  /** A Camel context that has no route, for its languages and factories. */
  CamelContext camel() {
    if (context == null) {
      context = new DefaultCamelContext();
      context.build();
    }
    return context;
  }
}
