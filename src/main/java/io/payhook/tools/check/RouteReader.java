package io.payhook.tools.check;

import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Location;
import io.payhook.kit.Nearest;
import io.payhook.tools.check.Components.Component;
import io.payhook.tools.check.Routes.Direction;
import io.payhook.tools.check.Routes.Route;
import io.payhook.tools.check.Routes.Spoken;
import io.payhook.tools.check.Routes.Use;
import java.net.URISyntaxException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.camel.spi.EndpointUriFactory;
import org.jspecify.annotations.Nullable;

/** Reads route files and kamelets by Camel's schema, and takes of them what checks look at. */
final class RouteReader {
  private static final Set<String> PREDICATES =
      Set.of("WhenDefinition", "FilterDefinition", "ValidateDefinition", "OnWhenDefinition");

  /** The parts of a kamelet's template, and the definitions that they are. */
  private static final Map<String, String> TEMPLATE =
      Map.of("from", "FromDefinition", "route", "RouteDefinition", "beans", "BeansDeserializer");

  private final Findings findings;
  private final Routes routes;
  private final Components components;
  private final ClearSecrets secrets;
  private final CamelSchema schema = new CamelSchema();

  RouteReader(Findings findings, Routes routes, Components components, ClearSecrets secrets) {
    this.findings = findings;
    this.routes = routes;
    this.components = components;
    this.secrets = secrets;
  }

  void routes(Located document) {
    findings.placeholders(document, Set.of());
    secrets.in(document, "");
    routes.whole &= schema.isWhole(document);
    schema.document(document, new Collector(null));
  }

  void kamelet(Located document) {
    Located.Map spec = document instanceof Located.Map map ? map.map("spec") : null;
    Located.Map template = spec == null ? null : spec.map("template");
    Located.Map definition = spec == null ? null : spec.map("definition");
    if (template == null || definition == null) {
      findings.problem(
          document.location(),
          "a kamelet has 'spec:' with 'definition:' and 'template:'",
          "copy one that ships and change it; 'kamelets/' in Payhook's source shows them");
      return;
    }
    Set<String> local = new TreeSet<>();
    Located.Map properties = definition.map("properties");
    if (properties != null) {
      properties.entries().forEach(entry -> local.add(entry.key().value()));
    }
    for (Located bean : template.items("beans")) {
      Text name = bean instanceof Located.Map map ? map.text("name") : null;
      if (name != null) {
        local.add(name.value());
      }
    }
    findings.placeholders(template, local);
    secrets.in(template, "");
    Collector collector = new Collector(new Route(null, template, true, local));
    for (Entry entry : template.entries()) {
      String name = entry.key().value();
      if (TEMPLATE.containsKey(name)) {
        schema.part(TEMPLATE.get(name), entry.value(), entry.key(), collector);
      } else if (!name.equals("parameters") && !name.equals("id")) {
        findings.problem(
            entry.key().location(),
            "a kamelet's template has no '%s'".formatted(name),
            Nearest.meant(name, TEMPLATE.keySet(), "beans and from are right"));
      }
    }
  }

  /** Takes what is of interest out of one file. */
  private final class Collector implements CamelSchema.Visitor {
    private final boolean inKamelet;
    private @Nullable Route route;

    Collector(@Nullable Route kamelet) {
      this.route = kamelet;
      this.inKamelet = kamelet != null;
      if (kamelet != null) {
        routes.routes.add(kamelet);
      }
    }

    @Override
    public void wrong(Location location, String what, String right) {
      findings.problem(location, what, right);
    }

    @Override
    public void found(List<String> path, @Nullable Text key, Located node) {
      if (path.size() == 2 && !inKamelet) {
        route = null;
      }
      if (!(node instanceof Located.Map map)) {
        return;
      }
      switch (path.get(path.size() - 1)) {
        case "RouteDefinition" -> route(key, map);
        case "FromDefinition", "OutputAwareFromDefinition" -> uri(Direction.FROM, map);
        case "ToDefinition", "PollDefinition", "InterceptSendToEndpointDefinition" ->
            uri(Direction.TO, map);
        case "ToDynamicDefinition", "WireTapDefinition" -> uri(Direction.DYNAMIC, map);
        case "KameletDefinition" -> {
          Text name = map.text("name");
          if (name != null) {
            use(Direction.TO, name.with("kamelet:" + name.value()), map.map("parameters"));
          }
        }
        case "SimpleExpression" -> spoken("simple", map.text("expression"), path);
        case "JsonPathExpression" -> spoken("jsonpath", map.text("expression"), path);
        case "LogDefinition" -> spoken("simple", map.text("message"), List.of());
        case "SetVariableDefinition", "SetVariablesDefinition" -> variable(map.text("name"));
        case "ProcessDefinition", "BeanDefinition", "MethodCallExpression" ->
            bean(map.text("ref"), "bean");
        case "IdempotentConsumerDefinition" -> bean(map.text("idempotentRepository"), "repository");
        case "SetHeaderDefinition" -> header(map);
        default -> {}
      }
      variable(map.text("variableReceive"));
    }

    private void route(@Nullable Text key, Located.Map map) {
      if (inKamelet) {
        return;
      }
      Text id = map.text("id");
      route = new Route(id, map, false, Set.of());
      routes.routes.add(route);
      Location at = key == null ? map.location() : key.location();
      if (id == null || id.value().isBlank()) {
        findings.problem(
            at,
            "the route has no id",
            "add 'id:' with its name in logs and metrics, such as record-payment");
      }
      Text description = map.text("description");
      if (description == null || description.value().isBlank()) {
        findings.problem(
            id == null ? at : id.location(),
            (id == null ? "the route" : "route '" + id.value() + "'") + " has no description",
            "add 'description:' with one sentence that says what it does for the business");
      }
    }

    private void uri(Direction direction, Located.Map map) {
      Located.Map parameters = map.map("parameters");
      Text uri = address(map.text("uri"), parameters);
      if (uri != null) {
        use(direction, uri, parameters);
      }
    }

    private void use(Direction direction, Text uri, Located.@Nullable Map parameters) {
      String to = findings.resolved(uri.value()).orElse("");
      if (direction == Direction.FROM && route != null && route.from == null) {
        route.from = to;
      }
      routes.uses.add(new Use(route, direction, uri, to, parameters));
    }

    private void spoken(String language, @Nullable Text text, List<String> path) {
      if (text != null) {
        boolean predicate =
            path.stream().skip(Math.max(0, path.size() - 3)).anyMatch(PREDICATES::contains);
        routes.spoken.add(new Spoken(route, language, text, predicate));
      }
    }

    private void variable(@Nullable Text name) {
      if (route != null && name != null) {
        route.variables.add(name.value());
      }
    }

    private void bean(@Nullable Text ref, String kind) {
      if (ref != null) {
        routes.bean(route, ref, ref.value().replaceFirst("^#bean:|^#", ""), kind);
      }
    }

    private void header(Located.Map map) {
      Text name = map.text("name");
      if (name == null || !ClearSecrets.isNamed(name.value())) {
        return;
      }
      for (String language : List.of("constant", "simple")) {
        Located.Map said = map.map("expression", language);
        Text text = said == null ? null : said.text("expression");
        if (text != null) {
          secrets.check(text, name.value());
        }
      }
    }
  }

  /** The whole address where a visual editor has put its parts among the parameters. */
  private @Nullable Text address(@Nullable Text uri, Located.@Nullable Map parameters) {
    if (uri == null || parameters == null || uri.value().contains(":")) {
      return uri;
    }
    Component component = components.find(uri.value()).orElse(null);
    if (component == null) {
      return uri;
    }
    Map<String, Object> parts = new LinkedHashMap<>();
    for (Entry entry : parameters.entries()) {
      Option option = component.options().get(entry.key().value());
      if (option != null && option.path()) {
        parts.put(option.name(), entry.value().toString());
      }
    }
    EndpointUriFactory factory =
        routes.camel().getCamelContextExtension().getEndpointUriFactory(component.scheme());
    if (factory == null) {
      return uri;
    }
    try {
      return uri.with(factory.buildUri(component.scheme(), parts, false));
    } catch (URISyntaxException | IllegalArgumentException e) {
      // A part is missing, which the check of the address tells.
      return uri;
    }
  }
}
