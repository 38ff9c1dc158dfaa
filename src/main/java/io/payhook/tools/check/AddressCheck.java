package io.payhook.tools.check;

import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Location;
import io.payhook.kit.Nearest;
import io.payhook.tools.check.Components.Component;
import io.payhook.tools.check.Kamelets.Kamelet;
import io.payhook.tools.check.Routes.Direction;
import io.payhook.tools.check.Routes.Use;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.camel.util.StringHelper;

/** Checks addresses and their parameters by what is known of components and kamelets. */
final class AddressCheck {
  private static final Pattern DURATION =
      Pattern.compile("(?i)\\d+|(\\d+(ms|s|m|h|d)\\s*)+|P(?:\\d+D)?(?:T[\\dHMS.]+)?");

  private final Findings findings;
  private final Routes routes;
  private final Declarations declared;
  private final Components components;
  private final Kamelets kamelets;
  private final ClearSecrets secrets;
  private final SubscriptionCheck subscriptions;

  /** What routes of the folder start from. */
  private final Set<String> consumed;

  AddressCheck(
      Findings findings,
      Routes routes,
      Declarations declared,
      Components components,
      Kamelets kamelets,
      ClearSecrets secrets,
      SubscriptionCheck subscriptions) {
    this.findings = findings;
    this.routes = routes;
    this.declared = declared;
    this.components = components;
    this.kamelets = kamelets;
    this.secrets = secrets;
    this.subscriptions = subscriptions;
    this.consumed =
        routes.uses.stream()
            .filter(use -> use.isFrom() && Routes.OWN_SCHEMES.contains(use.scheme()))
            .map(Use::address)
            .collect(Collectors.toCollection(TreeSet::new));
  }

  void check(Use use) {
    String written = use.uri().value();
    if (use.route() != null) {
      // What a kamelet is given is anything, but for the component it goes to.
      for (String name : use.route().local) {
        if (written.startsWith("{{" + name + "}}")) {
          return;
        }
        written = written.replace("{{" + name + "}}", name);
      }
    }
    findings.resolved(written).ifPresent(uri -> check(use, uri));
  }

  private void check(Use use, String uri) {
    String scheme = Routes.scheme(uri);
    Location at = use.uri().location();
    if (scheme.isEmpty() || (use.direction() == Direction.DYNAMIC && scheme.contains("$"))) {
      if (!uri.contains("${")) {
        findings.problem(
            at,
            "'%s' is no address".formatted(uri),
            components
                .find(uri)
                .map(AddressCheck::inParts)
                .orElse("write component:name, as in direct:notify"));
      }
      return;
    }
    Component component = components.find(scheme).orElse(null);
    if (component == null) {
      if (!declared.hasBean(scheme)) {
        Set<String> all = components.schemes();
        findings.problem(
            at,
            "no such component '%s'".formatted(scheme),
            Nearest.meant(scheme, all, "there are " + String.join(", ", all)));
      }
      return;
    }
    if (use.isFrom() && component.producerOnly()) {
      findings.problem(
          at,
          "no route can start from '%s:'".formatted(scheme),
          "start from event:<endpoint>/<type>");
    } else if (!use.isFrom() && component.consumerOnly()) {
      findings.problem(
          at,
          "'%s:' only starts a route".formatted(scheme),
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
    if (scheme.equals("event") && use.isFrom()) {
      subscriptions.check(use, uri);
    } else if (Routes.OWN_SCHEMES.contains(scheme)
        && !use.isFrom()
        && !uri.contains("${")
        && routes.whole
        && !consumed.contains(Routes.address(uri))) {
      String address = Routes.address(uri);
      findings.problem(
          at,
          "nobody consumes '%s'".formatted(address),
          Nearest.meant(address, consumed, "add a route with 'from: uri: %s'".formatted(address)));
    }
  }

  /** What a component's address needs where its parts stand among the parameters. */
  private static String inParts(Component component) {
    return "write %s:… as one, or %s among its parameters"
        .formatted(
            component.scheme(),
            component.options().values().stream()
                .filter(option -> option.path() && option.required())
                .map(option -> "'" + option.name() + ":'")
                .collect(Collectors.joining(" and ")));
  }

  private void query(Use use, Component component, String query) {
    int start = use.uri().value().indexOf('?');
    for (String pair : query.split("&", -1)) {
      String name = pair.replaceFirst("=.*$", "");
      boolean option = component.option(name).isPresent() || component.scheme().equals("kamelet");
      if (option || !component.lenient()) {
        findings.problem(
            use.uri().at(Math.max(0, start)),
            "compact notation: '%s' in the address".formatted(name),
            "write it as '%s:' under 'parameters:'".formatted(name));
        return;
      }
    }
  }

  private void options(Use use, Component component) {
    String scheme = component.scheme();
    Set<String> given = new TreeSet<>();
    for (Entry entry : use.entries()) {
      String name = entry.key().value();
      given.add(name);
      Option option = component.option(name).orElse(null);
      if (option != null) {
        if (entry.value() instanceof Text text) {
          secrets.option(option, text);
          value(use, option, text);
        }
      } else if (!component.options().containsKey(name)) {
        boolean lenient = component.lenient();
        findings.problem(
            entry.key().location(),
            "'%s' has no option '%s'".formatted(scheme, name)
                + (lenient ? " and would send it as a query parameter" : ""),
            Nearest.meant(
                name,
                component.parameters(),
                lenient
                    ? "if that is meant, write it in the address: …?" + name + "=" + entry.value()
                    : "it has " + String.join(", ", component.parameters())));
      }
    }
    for (Option option : component.options().values()) {
      if (!option.path() && !use.uri().value().contains(option.name() + "=")) {
        required(use, option, given, component.parameters(), "'" + scheme + "'");
      }
    }
  }

  private void required(
      Use use, Option option, Set<String> given, Collection<String> known, String what) {
    // A name that nobody knows and that was meant to be this one is said already.
    boolean misspelt =
        use.scheme().equals("kamelet")
            && given.stream()
                .filter(each -> !known.contains(each))
                .anyMatch(each -> Nearest.to(each, known).orElse("").equals(option.name()));
    if (option.required() && !given.contains(option.name()) && !misspelt) {
      findings.problem(
          use.uri().location(),
          "%s needs '%s'".formatted(what, option.name()),
          "add '%s:' under 'parameters:'".formatted(option.name()));
    }
  }

  private void kamelet(Use use, String name, Component component) {
    if (use.inKamelet() && (name.equals("source") || name.equals("sink"))) {
      return;
    }
    Kamelet kamelet = kamelets.get(name);
    if (kamelet == null) {
      if (routes.whole) {
        findings.problem(
            use.uri().location(),
            "no such kamelet '%s'".formatted(name),
            Nearest.meant(
                name, kamelets.names(), "there are " + String.join(", ", kamelets.names())));
      }
      return;
    }
    Set<String> known = kamelet.options().keySet();
    Set<String> given = new TreeSet<>();
    for (Entry entry : use.entries()) {
      // Camel takes replyTo for reply-to.
      String parameter = StringHelper.camelCaseToDash(entry.key().value());
      given.add(parameter);
      Option option = kamelet.options().get(parameter);
      if (option != null && entry.value() instanceof Text text) {
        int ampersand = text.value().indexOf('&');
        if (ampersand >= 0 && !text.value().startsWith("RAW(")) {
          findings.problem(
              text.at(ampersand),
              "an & ends the value of '%s', the rest would be lost".formatted(parameter),
              "write it as RAW(%s)".formatted(text.value()));
        }
        value(use, option, text);
        secrets.option(option, text);
      } else if (option == null && component.option(parameter).isEmpty()) {
        findings.problem(
            entry.key().location(),
            "kamelet '%s' has no parameter '%s'".formatted(name, parameter),
            Nearest.meant(parameter, known, "it has " + String.join(", ", known)));
      }
    }
    if (!use.uri().value().contains("?")) {
      for (Option option : kamelet.options().values()) {
        required(use, option, given, known, "kamelet '" + name + "'");
      }
    }
  }

  private void value(Use use, Option option, Text text) {
    boolean local = use.inKamelet() && text.value().contains("{{");
    Optional<String> resolved = local ? Optional.empty() : findings.resolved(text.value());
    if (resolved.isEmpty() || resolved.get().contains("${")) {
      return;
    }
    String value = resolved.get();
    if (value.startsWith("#bean:") || (value.startsWith("#") && !value.contains(":"))) {
      routes.bean(use.route(), text, value.replaceFirst("^#bean:|^#", ""), "bean");
    }
    String right = value.startsWith("#") ? "" : right(option, value);
    if (!right.isEmpty()) {
      findings.problem(
          text.location(), "'%s' can't be '%s'".formatted(option.name(), value), right);
    }
  }

  /** What a value should be; empty where it is that. */
  private static String right(Option option, String value) {
    List<String> words = option.words();
    if (!words.isEmpty()) {
      return words.stream().anyMatch(value::equalsIgnoreCase)
          ? ""
          : Nearest.meant(value, words, String.join(", ", words) + " would be right");
    }
    return switch (option.type()) {
      case "boolean" -> value.matches("(?i)true|false") ? "" : "true or false would be right";
      case "integer", "number" ->
          value.matches("[-+]?\\d+(\\.\\d+)?") ? "" : "a number would be right";
      case "duration" ->
          DURATION.matcher(value).matches() ? "" : "a time such as 500ms, 30s or 5m would be right";
      default -> "";
    };
  }
}
