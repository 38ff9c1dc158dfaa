package io.payhook.effects.kamelets;

import io.payhook.effects.EffectException;
import io.payhook.kit.Nearest;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.camel.CamelContext;
import org.apache.camel.NamedNode;
import org.apache.camel.model.ModelCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.RouteTemplateDefinition;
import org.apache.camel.model.RouteTemplateParameterDefinition;
import org.apache.camel.spi.RoutePolicy;
import org.apache.camel.spi.RoutePolicyFactory;
import org.apache.camel.util.StringHelper;
import org.jspecify.annotations.Nullable;

/**
 * Refuses parameters that a bundled kamelet does not have. Camel ignores them: a mistyped name, and
 * the rest of a text after an ampersand, which ends a parameter's value in Camel's URIs, would be
 * lost silently.
 */
final class KameletParameters implements RoutePolicyFactory {
  private static final Set<String> BUNDLED = Set.of("database-sink", "email-sink", "crm-sink");

  /** Parameters that Camel itself adds to every kamelet. */
  private static final Set<String> CAMELS =
      Set.of(
          "templateId",
          "routeId",
          "uuid",
          "noErrorHandler",
          "bridgeErrorHandler",
          "parentRouteId",
          "parentProcessorId",
          "location");

  /**
   * Has no policy for any route.
   *
   * @throws EffectException if this route passes an unknown parameter to the kamelet
   */
  @Override
  public @Nullable RoutePolicy createRoutePolicy(
      CamelContext context, String routeId, NamedNode definition) {
    if (definition instanceof RouteDefinition route && Boolean.TRUE.equals(route.isKamelet())) {
      check((ModelCamelContext) context, route);
    }
    return null;
  }

  private static void check(ModelCamelContext context, RouteDefinition route) {
    Map<String, Object> given = route.getTemplateParameters();
    String kamelet = given == null ? "" : String.valueOf(given.get("templateId"));
    RouteTemplateDefinition template = context.getRouteTemplateDefinition(kamelet);
    if (given == null || template == null || !BUNDLED.contains(kamelet)) {
      return;
    }
    Set<String> known = new TreeSet<>();
    for (RouteTemplateParameterDefinition parameter : template.getTemplateParameters()) {
      known.add(parameter.getName());
    }
    for (String name : new TreeSet<>(given.keySet())) {
      String dashed = StringHelper.camelCaseToDash(name);
      if (!CAMELS.contains(StringHelper.dashToCamelCase(name)) && !known.contains(dashed)) {
        String right =
            Nearest.to(name.strip(), known)
                .map("did you mean '%s'?"::formatted)
                .orElse(
                    "it has %s. A text that holds an & is written RAW(…)"
                        .formatted(String.join(", ", known)));
        throw new EffectException(
            "%s has no parameter '%s'; %s".formatted(kamelet, name.strip(), right));
      }
    }
  }
}
