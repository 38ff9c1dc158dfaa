package io.payhook.tools.check;

import io.payhook.kit.Globs;
import io.payhook.kit.Location;
import io.payhook.kit.Nearest;
import io.payhook.tools.check.Declarations.Declared;
import io.payhook.tools.check.Routes.Use;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** Checks that a subscription names an endpoint that is there, and a type that it has. */
final class SubscriptionCheck {
  private final Findings findings;
  private final Path root;
  private final Declarations declared;
  private final Routes routes;

  SubscriptionCheck(Findings findings, Path root, Declarations declared, Routes routes) {
    this.findings = findings;
    this.root = root;
    this.declared = declared;
    this.routes = routes;
  }

  /**
   * @param uri what the route starts from, placeholders resolved
   */
  void check(Use use, String uri) {
    Subscription subscription = Subscription.of(uri).orElse(null);
    if (subscription == null) {
      findings.problem(
          use.uri().location(),
          "'%s' names no endpoint and type".formatted(uri),
          "write event:<endpoint>/<type>, such as event:payments/payment.success");
      return;
    }
    String endpoint = subscription.endpoint();
    int offset = Math.max(0, use.uri().value().indexOf(endpoint));
    List<Declared> meant = declared.takenBy(subscription).toList();
    if (!meant.isEmpty()) {
      type(use, subscription, meant, offset);
    } else if (routes.whole) {
      Set<String> names = declared.endpoints().keySet();
      findings.problem(
          use.uri().at(offset),
          "no such endpoint '%s'".formatted(endpoint),
          Nearest.meant(
              endpoint,
              names,
              names.isEmpty()
                  ? "declare it under '- beans:' with type io.payhook.Endpoint"
                  : "there are " + String.join(", ", names)));
    }
  }

  private void type(Use use, Subscription subscription, List<Declared> meant, int offset) {
    String type = subscription.type();
    // Of a provider that can't be read no sample could be.
    boolean unreadable = meant.stream().anyMatch(each -> each.provider() == null);
    Set<String> types = new TreeSet<>();
    meant.forEach(each -> types.addAll(each.samples().keySet()));
    if (unreadable || types.stream().anyMatch(each -> Globs.matches(type, each))) {
      return;
    }
    String alias =
        meant.stream()
            .map(Declared::provider)
            .filter(Objects::nonNull)
            .map(provider -> provider.aliases().get(type))
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(null);
    Location at = use.uri().at(use.uri().value().indexOf(type, offset));
    if (alias == null) {
      Path samples = meant.get(0).name().location().file().resolveSibling("samples");
      findings.unsound(
          at,
          "no sample of type '%s'".formatted(type),
          Nearest.meant(type, types, "add %s/%s.json".formatted(root.relativize(samples), type)));
    } else {
      findings.problem(
          at,
          "events of type '%s' arrive as '%s'".formatted(type, alias),
          "subscribe to %s/%s".formatted(subscription.endpoint(), alias));
    }
  }
}
