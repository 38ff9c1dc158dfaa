package io.payhook.tools.check;

import io.payhook.kit.Globs;
import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Place;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Nearest;
import io.payhook.tools.check.Check.Source;
import io.payhook.tools.check.Components.Component;
import io.payhook.tools.check.Declarations.Declared;
import io.payhook.tools.check.Kamelets.Kamelet;
import io.payhook.tools.check.Rehearsal.Sample;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.spi.EndpointUriFactory;
import org.apache.camel.util.StringHelper;
import org.jspecify.annotations.Nullable;

/** Checks the routes of all files: each step by itself, then what they are to each other. */
final class RouteCheck {
  private static final Pattern SECRET_NAME =
      Pattern.compile(
          "(?i).*(password|passwd|passphrase|secret|token|api-?_?key|private-?_?key|credentials?)$|^authorization$");
  private static final Pattern USER_IN_URL = Pattern.compile("://[^/@\\s{}$]+:[^/@\\s{}$]+@");
  private static final Pattern DURATION =
      Pattern.compile("(?i)\\d+|(\\d+(ms|s|m|h|d)\\s*)+|P(?:\\d+D)?(?:T[\\dHMS.]+)?");
  static final Set<String> OWN_SCHEMES = Set.of("direct", "seda");
  private static final Set<String> PREDICATES =
      Set.of("WhenDefinition", "FilterDefinition", "ValidateDefinition", "OnWhenDefinition");

  enum Direction {
    FROM,
    TO,
    DYNAMIC
  }

  /** A route or a kamelet's template. */
  static final class Route {
    final Source source;
    final @Nullable Text id;
    final Located.Map body;
    final boolean kamelet;
    final Set<String> local;
    final Set<String> variables = new LinkedHashSet<>();
    @Nullable String from;

    Route(Source source, @Nullable Text id, Located.Map body, boolean kamelet, Set<String> local) {
      this.local = local;
      this.source = source;
      this.id = id;
      this.body = body;
      this.kamelet = kamelet;
    }
  }

  record Use(
      Source source,
      @Nullable Route route,
      Direction direction,
      Text uri,
      Located.@Nullable Map parameters) {}

  /** An expression in a language. */
  record Spoken(
      Source source, @Nullable Route route, String language, Text text, boolean predicate) {}

  private final Check check;
  private final Declarations declared;
  private final Kamelets kamelets;
  private boolean whole;
  private final CamelSchema schema = new CamelSchema();
  private final Components components = new Components();
  private final MoneyCheck money;
  private final List<Route> routes = new ArrayList<>();
  private final List<Use> uses = new ArrayList<>();
  private final List<Spoken> spoken = new ArrayList<>();
  private @Nullable CamelContext context;

  /**
   * @param whole whether every file could be read: what one file lacks may stand in another
   */
  RouteCheck(Check check, Declarations declared, Kamelets kamelets, boolean whole) {
    this.check = check;
    this.declared = declared;
    this.kamelets = kamelets;
    this.whole = whole;
    this.money = new MoneyCheck(check, declared);
  }

  // Reading

  void routes(Source source) {
    check.placeholders(source.file(), source.document(), Set.of());
    secrets(source, source.document(), "");
    whole &= schema.isWhole(source.document());
    schema.document(source.document(), new Collector(source, null));
  }

  void kamelet(Source source) {
    Located.Map template = Kamelets.at(source.document(), "spec", "template");
    Located.Map definition = Kamelets.at(source.document(), "spec", "definition");
    if (template == null || definition == null) {
      check.add(
          source.file(),
          source.document().place(),
          "a kamelet has 'spec:' with 'definition:' and 'template:'",
          "copy one that ships and change it; 'kamelets/' in Payhook's source shows them");
      return;
    }
    Set<String> local = new TreeSet<>();
    Located.Map properties = definition.map("properties");
    if (properties != null) {
      properties.entries().forEach(entry -> local.add(entry.key().value()));
    }
    Located.Items beans = template.items("beans");
    if (beans != null) {
      for (Located bean : beans.items()) {
        if (bean instanceof Located.Map map && map.get("name") instanceof Text name) {
          local.add(name.value());
        }
      }
    }
    check.placeholders(source.file(), template, local);
    secrets(source, template, "");
    Route route = new Route(source, null, template, true, local);
    Collector collector = new Collector(source, route);
    for (Entry entry : template.entries()) {
      String name = entry.key().value();
      if (name.equals("from")) {
        schema.part("FromDefinition", entry.value(), entry.key(), collector);
      } else if (name.equals("route")) {
        schema.part("RouteDefinition", entry.value(), entry.key(), collector);
      } else if (name.equals("beans")) {
        schema.part("BeansDeserializer", entry.value(), entry.key(), collector);
      } else if (!name.equals("parameters") && !name.equals("id")) {
        check.add(
            source.file(),
            entry.key().place(),
            "a kamelet's template has no '" + name + "'",
            Nearest.meant(name, Set.of("from", "route", "beans"), "beans and from are right"));
      }
    }
  }

  /** Takes what is of interest out of one file. */
  private final class Collector implements CamelSchema.Visitor {
    private final Source source;
    private final boolean inKamelet;
    private @Nullable Route route;

    Collector(Source source, @Nullable Route route) {
      this.source = source;
      this.route = route;
      this.inKamelet = route != null;
      if (route != null) {
        routes.add(route);
      }
    }

    @Override
    public void wrong(Place place, String what, String right) {
      check.add(source.file(), place, what, right);
    }

    @Override
    public void found(List<String> path, @Nullable Text key, Located node) {
      String definition = path.get(path.size() - 1);
      if (path.size() == 2 && !inKamelet) {
        route = null;
      }
      if (!(node instanceof Located.Map map)) {
        return;
      }
      switch (definition) {
        case "RouteDefinition" -> route(key, map);
        case "FromDefinition", "OutputAwareFromDefinition" -> uri(Direction.FROM, map);
        case "ToDefinition", "PollDefinition", "InterceptSendToEndpointDefinition" ->
            uri(Direction.TO, map);
        case "ToDynamicDefinition", "WireTapDefinition" -> uri(Direction.DYNAMIC, map);
        case "KameletDefinition" -> {
          Text name = map.text("name");
          if (name != null) {
            Text uri =
                new Text(name.place(), "kamelet:" + name.value(), name.plain(), name.block());
            uses.add(new Use(source, route, Direction.TO, uri, map.map("parameters")));
          }
        }
        case "SimpleExpression", "JsonPathExpression" -> {
          Text text = map.text("expression");
          if (text != null) {
            boolean predicate =
                path.stream().skip(Math.max(0, path.size() - 3)).anyMatch(PREDICATES::contains);
            spoken.add(
                new Spoken(
                    source,
                    route,
                    definition.equals("SimpleExpression") ? "simple" : "jsonpath",
                    text,
                    predicate));
          }
        }
        case "LogDefinition" -> {
          Text text = map.text("message");
          if (text != null) {
            spoken.add(new Spoken(source, route, "simple", text, false));
          }
        }
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
      Text id = map.text("id");
      if (!inKamelet) {
        Route found = new Route(source, id, map, false, Set.of());
        route = found;
        routes.add(found);
        Place place = key == null ? map.place() : key.place();
        if (id == null || id.value().isBlank()) {
          check.add(
              source.file(),
              place,
              "the route has no id",
              "add 'id:' with its name in logs and metrics, such as record-payment");
        }
        Text description = map.text("description");
        if (description == null || description.value().isBlank()) {
          check.add(
              source.file(),
              id == null ? place : id.place(),
              (id == null ? "the route" : "route '" + id.value() + "'") + " has no description",
              "add 'description:' with one sentence that says what it does for the business");
        }
      }
    }

    private void uri(Direction direction, Located.Map map) {
      Text uri = address(map.text("uri"), map.map("parameters"));
      if (uri == null) {
        return;
      }
      Route current = route;
      if (direction == Direction.FROM && current != null && current.from == null) {
        current.from = check.resolved(uri.value()).orElse("");
      }
      uses.add(new Use(source, current, direction, uri, map.map("parameters")));
    }

    private void variable(@Nullable Text name) {
      if (route != null && name != null) {
        route.variables.add(name.value());
      }
    }

    private void bean(@Nullable Text ref, String kind) {
      if (ref != null) {
        known(source, route, ref, ref.value().replaceFirst("^#bean:|^#", ""), kind);
      }
    }

    private void header(Located.Map map) {
      Text name = map.text("name");
      Located.Map expression = map.map("expression");
      if (name != null && expression != null && SECRET_NAME.matcher(name.value()).matches()) {
        for (String language : List.of("constant", "simple")) {
          Located.Map said = expression.map(language);
          Text text = said == null ? null : said.text("expression");
          if (text != null && isClear(text)) {
            inClear(source, text, name.value());
          }
        }
      }
    }
  }

  private void known(Source source, @Nullable Route route, Text at, String name, String kind) {
    String bean = check.resolved(name).orElse("");
    boolean local = route != null && route.kamelet && name.contains("{{");
    if (bean.isEmpty() || local || bean.contains(":") || declared.hasBean(bean) || !whole) {
      return;
    }
    check.add(
        source.file(),
        at.place(),
        "there is no " + kind + " '" + bean + "'",
        Nearest.meant(bean, declared.beanNames(), "declare it under '- beans:'"));
  }

  // Secrets in clear

  private void secrets(Source source, Located node, String name) {
    if (node instanceof Located.Map map) {
      Text type = map.text("type");
      boolean endpoint = type != null && type.value().endsWith("io.payhook.Endpoint");
      for (Entry entry : map.entries()) {
        // An endpoint's settings are checked as such.
        if (!(endpoint && entry.key().value().equals("properties"))) {
          secrets(source, entry.value(), entry.key().value());
        }
      }
    } else if (node instanceof Located.Items items) {
      items.items().forEach(item -> secrets(source, item, name));
    } else if (node instanceof Text text && isClear(text)) {
      if (SECRET_NAME.matcher(name).matches() || USER_IN_URL.matcher(text.value()).find()) {
        inClear(source, text, name);
      }
    }
  }

  private void inClear(Source source, Text text, String name) {
    String variable =
        name.replaceAll("([a-z0-9])([A-Z])", "$1_$2")
            .toUpperCase(java.util.Locale.ROOT)
            .replaceAll("[^A-Z0-9]", "_");
    check.unsound(
        source.file(),
        text.place(),
        "a secret written in clear",
        "write \"{{env:" + variable + "}}\" and set that environment variable");
  }

  private static boolean isClear(Text text) {
    String value = text.value();
    return !value.isBlank()
        && !text.isNull()
        && !value.contains("{{")
        && !value.contains("${")
        && !value.startsWith("#")
        && !value.equals("true")
        && !value.equals("false");
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
      Components.Option option = component.options().get(entry.key().value());
      if (option != null && option.path()) {
        parts.put(option.name(), entry.value().toString());
      }
    }
    EndpointUriFactory factory =
        camel().getCamelContextExtension().getEndpointUriFactory(component.scheme());
    if (factory == null) {
      return uri;
    }
    try {
      String whole = factory.buildUri(component.scheme(), parts, false);
      return new Text(uri.place(), whole, uri.plain(), uri.block());
    } catch (URISyntaxException | IllegalArgumentException e) {
      // A part is missing, which the check of the address tells.
      return uri;
    }
  }

  /** What a component's address needs where its parts stand among the parameters. */
  private static String inParts(Component component) {
    return "write "
        + component.scheme()
        + ":… as one, or "
        + component.options().values().stream()
            .filter(option -> option.path() && option.required())
            .map(option -> "'" + option.name() + ":'")
            .collect(Collectors.joining(" and "))
        + " among its parameters";
  }

  // Together

  /** What routes are to each other, and what their addresses and expressions say. */
  void together() {
    ids();
    Map<String, List<Use>> consumed = new TreeMap<>();
    for (Use use : uses) {
      String uri =
          use.direction == Direction.FROM ? check.resolved(use.uri.value()).orElse("") : "";
      String scheme = scheme(uri);
      if (OWN_SCHEMES.contains(scheme)) {
        consumed.computeIfAbsent(address(uri), key -> new ArrayList<>()).add(use);
      }
    }
    for (Use use : uses) {
      use(use, consumed.keySet());
    }
    intake();
    Expressions expressions = new Expressions(check, this::rehearsal, money, this::camel);
    spoken.forEach(expressions::check);
    new SignatureFirst(check, uses).check(routes);
    new TransactedCheck(check, uses).check();
  }

  /** Endpoints that no request reaches. */
  private void intake() {
    boolean there =
        uses.stream()
            .anyMatch(
                use ->
                    use.direction == Direction.FROM
                        && use.uri.value().startsWith("platform-http:"));
    if (!there && whole && !declared.endpoints().isEmpty()) {
      Declared first = declared.endpoints().values().iterator().next();
      check.add(
          first.source().file(),
          first.place(),
          "no route takes the requests of endpoint '" + first.name() + "'",
          "copy intake.camel.yaml of a new Payhook into " + check.root().getFileName() + "/");
    }
  }

  private void ids() {
    Map<String, Route> seen = new LinkedHashMap<>();
    for (Route route : routes) {
      if (route.id == null || route.kamelet) {
        continue;
      }
      Route earlier = seen.putIfAbsent(route.id.value(), route);
      if (earlier != null && earlier.id != null) {
        check.add(
            route.source.file(),
            route.id.place(),
            "route id '"
                + route.id.value()
                + "' is already in "
                + earlier.source.file().getFileName()
                + ":"
                + earlier.id.place().line(),
            "give one of the two another id");
      }
    }
  }

  static String scheme(String uri) {
    int colon = uri.indexOf(':');
    return colon < 0 ? "" : uri.substring(0, colon);
  }

  /** Scheme and name without options: {@code direct:note-payment}. */
  static String address(String uri) {
    int question = uri.indexOf('?');
    return (question < 0 ? uri : uri.substring(0, question)).replaceFirst(":/*", ":");
  }

  private void use(Use use, Set<String> consumed) {
    String written = use.uri.value();
    if (use.route != null) {
      // What a kamelet is given is anything, but for the component it goes to.
      for (String name : use.route.local) {
        if (written.startsWith("{{" + name + "}}")) {
          return;
        }
        written = written.replace("{{" + name + "}}", name);
      }
    }
    Optional<String> resolved = check.resolved(written);
    if (resolved.isEmpty()) {
      return;
    }
    String uri = resolved.get();
    String scheme = scheme(uri);
    if (scheme.isEmpty() || (use.direction == Direction.DYNAMIC && scheme.contains("$"))) {
      if (!uri.contains("${")) {
        wrong(
            use,
            use.uri.place(),
            "'" + uri + "' is no address",
            components
                .find(uri)
                .map(RouteCheck::inParts)
                .orElse("write component:name, as in direct:notify"));
      }
      return;
    }
    Optional<Component> found = components.find(scheme);
    if (found.isEmpty()) {
      if (!declared.hasBean(scheme)) {
        wrong(
            use,
            use.uri.place(),
            "no such component '" + scheme + "'",
            Nearest.meant(
                scheme,
                components.schemes(),
                "there are " + String.join(", ", components.schemes())));
      }
      return;
    }
    Component component = found.get();
    if (use.direction == Direction.FROM && component.producerOnly()) {
      wrong(
          use,
          use.uri.place(),
          "no route can start from '" + scheme + ":'",
          "start from event:<endpoint>/<type>");
    } else if (use.direction != Direction.FROM && component.consumerOnly()) {
      wrong(
          use,
          use.uri.place(),
          "'" + scheme + ":' only starts a route",
          "name it in 'from:', or send to another component");
    }
    int question = uri.indexOf('?');
    if (question >= 0) {
      query(use, component, uri.substring(question + 1));
    }
    if (scheme.equals("kamelet")) {
      kamelet(use, uri.substring("kamelet:".length()).replaceFirst("[/?].*$", ""), component);
    } else {
      options(use, component);
    }
    if (scheme.equals("event")) {
      subscription(use, uri);
    } else if (OWN_SCHEMES.contains(scheme)
        && use.direction != Direction.FROM
        && !uri.contains("${")
        && whole
        && !consumed.contains(address(uri))) {
      wrong(
          use,
          use.uri.place(),
          "nobody consumes '" + address(uri) + "'",
          Nearest.meant(
              address(uri), consumed, "add a route with 'from: uri: " + address(uri) + "'"));
    }
  }

  private void wrong(Use use, Place place, String what, String right) {
    check.add(use.source.file(), place, what, right);
  }

  private void query(Use use, Component component, String query) {
    int start = use.uri.value().indexOf('?');
    for (String pair : query.split("&", -1)) {
      String name = pair.replaceFirst("=.*$", "");
      boolean option = component.option(name).isPresent() || component.scheme().equals("kamelet");
      if (option || !component.lenient()) {
        wrong(
            use,
            use.uri.at(start < 0 ? 0 : start),
            "compact notation: '" + name + "' in the address",
            "write it as '" + name + ":' under 'parameters:'");
        return;
      }
    }
  }

  private void options(Use use, Component component) {
    Set<String> given = new TreeSet<>();
    if (use.parameters != null) {
      for (Entry entry : use.parameters.entries()) {
        String name = entry.key().value();
        given.add(name);
        Optional<Components.Option> option = component.option(name);
        if (option.isEmpty()) {
          boolean path = component.options().containsKey(name);
          if (!path) {
            wrong(
                use,
                entry.key().place(),
                "'"
                    + component.scheme()
                    + "' has no option '"
                    + name
                    + "'"
                    + (component.lenient() ? " and would send it as a query parameter" : ""),
                Nearest.meant(
                    name,
                    component.parameters(),
                    component.lenient()
                        ? "if that is meant, write it in the address: …?"
                            + name
                            + "="
                            + entry.value()
                        : "it has " + String.join(", ", component.parameters())));
          }
        } else if (entry.value() instanceof Text text) {
          option(use, option.get(), text);
        }
      }
    }
    for (Components.Option option : component.options().values()) {
      boolean missing = option.required() && !option.path() && !given.contains(option.name());
      if (missing && !use.uri.value().contains(option.name() + "=")) {
        wrong(
            use,
            use.uri.place(),
            "'" + component.scheme() + "' needs '" + option.name() + "'",
            "add '" + option.name() + ":' under 'parameters:'");
      }
    }
  }

  private void option(Use use, Components.Option option, Text text) {
    if (option.secret() && isClear(text) && !SECRET_NAME.matcher(option.name()).matches()) {
      inClear(use.source, text, option.name());
    }
    value(use, option.name(), option.type(), option.words(), text);
  }

  private void value(Use use, String name, String type, List<String> words, Text text) {
    boolean local = use.route != null && use.route.kamelet && text.value().contains("{{");
    Optional<String> resolved = local ? Optional.empty() : check.resolved(text.value());
    if (resolved.isEmpty() || resolved.get().contains("${")) {
      return;
    }
    String value = resolved.get();
    if (value.startsWith("#bean:") || (value.startsWith("#") && !value.contains(":"))) {
      known(use.source, use.route, text, value.replaceFirst("^#bean:|^#", ""), "bean");
      return;
    }
    if (value.startsWith("#")) {
      return;
    }
    String right =
        switch (type) {
          case "boolean" ->
              value.equalsIgnoreCase("true") || value.equalsIgnoreCase("false")
                  ? ""
                  : "true or false would be right";
          case "integer", "number" ->
              value.matches("[-+]?\\d+(\\.\\d+)?") ? "" : "a number would be right";
          case "duration" ->
              DURATION.matcher(value).matches()
                  ? ""
                  : "a time such as 500ms, 30s or 5m would be right";
          default -> "";
        };
    if (!words.isEmpty() && words.stream().noneMatch(word -> word.equalsIgnoreCase(value))) {
      right = Nearest.meant(value, words, String.join(", ", words) + " would be right");
    }
    if (!right.isEmpty()) {
      wrong(use, text.place(), "'" + name + "' can't be '" + value + "'", right);
    }
  }

  private void kamelet(Use use, String name, Component component) {
    boolean own =
        use.route != null && use.route.kamelet && (name.equals("source") || name.equals("sink"));
    if (own) {
      return;
    }
    Kamelet kamelet = kamelets.get(name);
    if (kamelet == null) {
      if (whole) {
        wrong(
            use,
            use.uri.place(),
            "no such kamelet '" + name + "'",
            Nearest.meant(
                name, kamelets.names(), "there are " + String.join(", ", kamelets.names())));
      }
      return;
    }
    Set<String> given = new TreeSet<>();
    if (use.parameters != null) {
      for (Entry entry : use.parameters.entries()) {
        // Camel takes replyTo for reply-to.
        String parameter = StringHelper.camelCaseToDash(entry.key().value());
        given.add(parameter);
        Kamelets.Parameter known = kamelet.parameters().get(parameter);
        if (known != null && entry.value() instanceof Text text) {
          int ampersand = text.value().indexOf('&');
          if (ampersand >= 0 && !text.value().startsWith("RAW(")) {
            wrong(
                use,
                text.at(ampersand),
                "an & ends the value of '" + parameter + "', the rest would be lost",
                "write it as RAW(" + text.value() + ")");
          }
          value(use, parameter, known.type(), known.words(), text);
          if (known.secret() && isClear(text) && !SECRET_NAME.matcher(parameter).matches()) {
            inClear(use.source, text, parameter);
          }
        } else if (known == null && component.option(parameter).isEmpty()) {
          wrong(
              use,
              entry.key().place(),
              "kamelet '" + name + "' has no parameter '" + parameter + "'",
              Nearest.meant(
                  parameter,
                  kamelet.parameters().keySet(),
                  "it has " + String.join(", ", kamelet.parameters().keySet())));
        }
      }
    }
    if (use.uri.value().contains("?")) {
      return;
    }
    for (String required : kamelet.required()) {
      boolean misspelt =
          given.stream()
              .filter(each -> !kamelet.parameters().containsKey(each))
              .anyMatch(
                  each ->
                      Nearest.to(each, kamelet.parameters().keySet()).orElse("").equals(required));
      if (!given.contains(required) && !misspelt) {
        wrong(
            use,
            use.uri.place(),
            "kamelet '" + name + "' needs '" + required + "'",
            "add '" + required + ":' under 'parameters:'");
      }
    }
  }

  // Subscriptions

  private void subscription(Use use, String uri) {
    if (use.direction != Direction.FROM) {
      return;
    }
    Subscription subscription = Subscription.of(uri).orElse(null);
    if (subscription == null) {
      wrong(
          use,
          use.uri.place(),
          "'" + uri + "' names no endpoint and type",
          "write event:<endpoint>/<type>, such as event:payments/payment.success");
      return;
    }
    String endpoint = subscription.endpoint();
    String type = subscription.type();
    int offset = Math.max(0, use.uri.value().indexOf(endpoint));
    List<Declared> meant =
        declared.endpoints().values().stream().filter(subscription::takesFrom).toList();
    if (meant.isEmpty()) {
      if (whole) {
        wrong(
            use,
            use.uri.at(offset),
            "no such endpoint '" + endpoint + "'",
            Nearest.meant(
                endpoint,
                declared.endpoints().keySet(),
                declared.endpoints().isEmpty()
                    ? "declare it under '- beans:' with type io.payhook.Endpoint"
                    : "there are " + String.join(", ", declared.endpoints().keySet())));
      }
      return;
    }
    // Of a provider that can't be read no sample could be.
    boolean unreadable = meant.stream().anyMatch(each -> each.provider() == null);
    Set<String> types = new TreeSet<>();
    meant.forEach(each -> types.addAll(each.samples().keySet()));
    if (!unreadable && types.stream().noneMatch(each -> Globs.matches(type, each))) {
      String alias =
          meant.stream()
              .filter(each -> each.provider() != null)
              .map(each -> each.provider() == null ? null : each.provider().aliases().get(type))
              .filter(each -> each != null)
              .findFirst()
              .orElse(null);
      Path samples = meant.get(0).source().file().resolveSibling("samples");
      Place place = use.uri.at(use.uri.value().indexOf(type, offset));
      if (alias == null) {
        check.unsound(
            use.source.file(),
            place,
            "no sample of type '" + type + "'",
            Nearest.meant(
                type, types, "add " + check.root().relativize(samples) + "/" + type + ".json"));
      } else {
        wrong(
            use,
            place,
            "events of type '" + type + "' arrive as '" + alias + "'",
            "subscribe to " + endpoint + "/" + alias);
      }
    }
  }

  /** The samples of what a route subscribes to; none for one that starts otherwise. */
  private List<Sample> samples(@Nullable Route route) {
    return Subscription.of(route == null ? null : route.from).stream()
        .flatMap(
            subscription ->
                declared.endpoints().values().stream()
                    .filter(subscription::takesFrom)
                    .flatMap(subscription::samples))
        .toList();
  }

  private Rehearsal rehearsal(@Nullable Route route) {
    Set<String> variables = new LinkedHashSet<>(List.of("rows", "crmStatus", "crmResponse"));
    boolean complete = false;
    if (route != null) {
      variables.addAll(route.variables);
      complete =
          route.from != null
              && route.from.startsWith("event:")
              && route.variables.stream().noneMatch(name -> name.contains("$"));
    }
    return new Rehearsal(samples(route), variables, complete);
  }

  /** Tries what the kamelets that ship are told to do. */
  void effects(Schema tables) {
    tables.make();
    effects().check(uses, tables);
  }

  /** Looks whether a database has what statements name. */
  void describe(Connection connection) throws SQLException {
    effects().describe(uses, connection);
  }

  private EffectCheck effects() {
    return new EffectCheck(check, kamelets, this::rehearsal, money, this::camel);
  }

  private CamelContext camel() {
    if (context == null) {
      context = new DefaultCamelContext();
      context.build();
    }
    return context;
  }
}
