package io.payhook.tools.check;

import io.payhook.Endpoint;
import io.payhook.kit.Globs;
import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Location;
import io.payhook.kit.Nearest;
import io.payhook.routes.DeclaredEndpoint;
import io.payhook.routes.Providers;
import io.payhook.signature.Confirmation;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.Secret;
import io.payhook.signature.Setting;
import io.payhook.signature.Verifier;
import io.payhook.tools.scaffold.Variables;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Presets, beans, endpoints and their samples: what routes refer to by name. */
final class Declarations {
  /** The beans that the service itself brings. */
  static final Set<String> OF_THE_SERVICE =
      Set.of(
          "signature",
          "journal",
          "reply",
          "payhook",
          "payhookConnections",
          "payhookCrmClient",
          "payhookEffectEnd",
          "payhookEffectResult",
          "payhookMailSender",
          "payhookStatements",
          "payhookVertx");

  /**
   * An endpoint.
   *
   * @param providers its presets; none where none could be read
   * @param samples by the type of event
   */
  record Declared(Text name, List<Provider> providers, Map<String, List<SampleEvent>> samples) {

    /** The first of its presets; null where none could be read. */
    @Nullable Provider provider() {
      return providers.isEmpty() ? null : providers.get(0);
    }
  }

  private final Findings findings;
  private final Clock clock;
  private final ClearSecrets clear;
  private final Samples samples;
  private final Map<String, Provider> presets = new TreeMap<>();
  private final Set<String> brokenPresets = new TreeSet<>();
  private final Providers shipped = Providers.shipped();
  private final Map<String, Declared> endpoints = new TreeMap<>();
  private final Map<String, Text> beans = new LinkedHashMap<>();

  Declarations(
      Findings findings, Clock clock, Collection<Located> presets, Collection<Located> routes) {
    this.findings = findings;
    this.clock = clock;
    this.clear = new ClearSecrets(findings);
    this.samples = new Samples(findings, clock);
    presets.forEach(this::preset);
    routes.forEach(each -> DeclaredEndpoint.beans(each).forEach(this::bean));
  }

  Map<String, Declared> endpoints() {
    return endpoints;
  }

  /** The endpoints whose events a subscription takes. */
  Stream<Declared> takenBy(Subscription subscription) {
    return endpoints.values().stream()
        .filter(each -> Globs.matches(subscription.endpoint(), each.name().value()));
  }

  boolean hasBean(String name) {
    return beans.containsKey(name) || OF_THE_SERVICE.contains(name);
  }

  Collection<String> beanNames() {
    Set<String> names = new TreeSet<>(beans.keySet());
    names.addAll(List.of("signature", "journal", "reply"));
    return names;
  }

  // Presets

  private void preset(Located document) {
    Location start = Location.start(document.location().file());
    String name = String.valueOf(start.file().getFileName()).replaceFirst("\\.yaml$", "");
    if (!(document instanceof Located.Map map)) {
      findings.problem(
          document.location(),
          "a preset is a block of settings",
          "begin with 'title:' and 'signature:'");
      brokenPresets.add(name);
      return;
    }
    if (shipped.names().contains(name)) {
      findings.problem(
          start,
          "the name '%s' is that of a preset that ships".formatted(name),
          "name the file otherwise");
    }
    try {
      presets.put(name, Provider.parse(name, map.plain()));
    } catch (ProviderException e) {
      brokenPresets.add(name);
      problems(e, map, start);
    }
  }

  /**
   * Each problem at its setting.
   *
   * @param otherwise where there is none
   */
  private void problems(ProviderException e, Located.Map map, Location otherwise) {
    for (ProviderException.Problem problem : e.problems()) {
      Entry entry = map.deepest(problem.setting());
      boolean name = problem.text().startsWith("no such setting");
      findings.message(
          entry == null ? otherwise : name ? entry.key().location() : entry.value().location(),
          problem.setting().isEmpty() ? "" : problem.setting() + ": ",
          problem.text(),
          name || entry == null
              ? "'payhook providers NAME' shows the settings of a preset"
              : "correct it here");
    }
  }

  // Beans

  private void bean(Located.Map bean) {
    Text name = bean.text("name");
    Text type = bean.text("type");
    if (name == null || type == null) {
      return;
    }
    boolean endpoint = DeclaredEndpoint.isType(type.value());
    Text earlier = beans.putIfAbsent(name.value(), name);
    if (earlier != null) {
      findings.problem(
          name.location(),
          "%s '%s' is already in %s"
              .formatted(endpoint ? "endpoint" : "bean", name, Routes.named(earlier.location())),
          "give one of the two another name");
      return;
    }
    if (OF_THE_SERVICE.contains(name.value())) {
      findings.problem(
          name.location(),
          "the name '%s' is that of a bean of the service".formatted(name),
          "take another name");
    }
    if (endpoint) {
      endpoint(bean, name);
    } else {
      type(type);
    }
  }

  private void type(Text type) {
    String name = findings.resolved(type.value()).orElse("");
    String plain = name.replaceFirst("^#class:", "").replaceFirst("[(#].*$", "");
    if (name.isEmpty() || name.startsWith("#bean:") || name.startsWith("#type:")) {
      return;
    }
    try {
      Class.forName(plain, false, Declarations.class.getClassLoader());
    } catch (ClassNotFoundException | LinkageError e) {
      findings.problem(
          type.location(),
          "there is no class '%s'".formatted(plain),
          Nearest.meant(
              plain,
              List.of(Endpoint.class.getName()),
              "the whole name of a class of Payhook or of a jar in lib/ is right"));
    }
  }

  // Endpoints

  private void endpoint(Located.Map bean, Text name) {
    Located.Map properties = bean.map("properties");
    List<Provider> providers = new ArrayList<>();
    Entry named = properties == null ? null : properties.entry("provider");
    if (!name.value().matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      findings.problem(
          name.location(),
          "'%s' can't be the last part of a URL".formatted(name),
          "letters, digits and - are right, as in shop-eu");
    }
    if (properties == null || named == null) {
      findings.problem(
          name.location(),
          "endpoint '%s' has no provider".formatted(name),
          "add 'provider:' to its properties; 'payhook providers' lists them");
    } else {
      String text =
          named.value() instanceof Text it ? findings.resolved(it.value()).orElse("") : "";
      for (String preset : DeclaredEndpoint.names(text)) {
        Provider provider = provider(named, preset);
        provider = provider == null ? null : withSettings(properties, provider);
        if (provider != null) {
          providers.add(provider);
          secrets(name, properties, provider);
          confirmation(named, properties, provider, name.value());
        }
      }
    }
    Path folder = name.location().file().resolveSibling("samples");
    Map<String, List<SampleEvent>> events =
        providers.isEmpty() ? Map.of() : samples.of(name.value(), folder, providers);
    endpoints.put(name.value(), new Declared(name, providers, events));
  }

  private @Nullable Provider provider(Entry named, String preset) {
    if (brokenPresets.contains(preset)) {
      return null;
    }
    Optional<Provider> found =
        Optional.ofNullable(presets.get(preset)).or(() -> shipped.find(preset));
    if (found.isEmpty()) {
      Set<String> names = new TreeSet<>(shipped.names());
      names.addAll(presets.keySet());
      findings.problem(
          named.value().location(),
          "no such provider '%s'".formatted(preset),
          Nearest.meant(preset, names, "'payhook providers' lists them"));
    }
    return found.orElse(null);
  }

  private @Nullable Provider withSettings(Located.Map properties, Provider provider) {
    Map<String, String> settings = new LinkedHashMap<>();
    properties
        .flat()
        .forEach((name, value) -> findings.resolved(value).ifPresent(it -> settings.put(name, it)));
    settings.remove("provider");
    settings.remove("secrets");
    try {
      return provider.with(settings);
    } catch (ProviderException e) {
      problems(e, properties, properties.location());
      return null;
    }
  }

  private void secrets(Text name, Located.Map properties, Provider provider) {
    Entry entry = properties.entry("secrets");
    if (provider.isUnsigned() || (entry == null && provider.namesCertificates())) {
      return;
    }
    String variable = Variables.secret(name.value(), provider);
    if (entry == null) {
      findings.problem(
          name.location(),
          "endpoint '%s' has no secrets".formatted(name),
          "add 'secrets: \"{{env:%s}}\"' to its properties".formatted(variable));
      return;
    }
    if (!(entry.value() instanceof Text text)) {
      findings.problem(
          entry.value().location(),
          "'secrets' is no text",
          "several secrets are separated by commas");
      return;
    }
    inClear(text, variable);
    Optional<String> resolved = findings.resolved(text.value());
    if (resolved.isEmpty()) {
      return;
    }
    try {
      List<Secret> secrets = Secret.parse(resolved.get());
      if (!secrets.isEmpty() || text.value().isBlank()) {
        Verifier unused = new Verifier(provider, secrets, clock);
      }
    } catch (ProviderException e) {
      for (ProviderException.Problem problem : e.problems()) {
        String setting = problem.setting();
        boolean params = setting.startsWith("params.");
        findings.message(
            params ? name.location() : text.location(),
            setting + ": ",
            problem.text(),
            params
                ? "add '%s:' to the endpoint's properties".formatted(setting)
                : "correct it here");
      }
    } catch (IllegalArgumentException e) {
      findings.message(
          text.location(), "secrets: ", String.valueOf(e.getMessage()), "correct it here");
    }
  }

  private boolean inClear(Text text, String variable) {
    boolean isClear = !text.value().contains("{{") && !text.value().isBlank();
    if (isClear) {
      clear.tell(text, variable);
    }
    return isClear;
  }

  /** Whether events that have to be confirmed can be. */
  private void confirmation(
      Entry named, Located.Map properties, Provider provider, String endpoint) {
    Entry key = properties.deepest(Setting.CONFIRM_SECRET.key());
    Text text = key != null && key.value() instanceof Text value ? value : null;
    String variable = Variables.confirm(endpoint);
    if (text != null && (inClear(text, variable) || findings.resolved(text.value()).isEmpty())) {
      return;
    }
    try {
      Optional<Confirmation> unused = provider.confirmation();
    } catch (ProviderException e) {
      for (ProviderException.Problem problem : e.problems()) {
        findings.problem(
            (text == null ? named.value() : text).location(),
            problem.toString(),
            "add '%s: \"{{env:%s}}\"' to its properties".formatted(problem.setting(), variable));
      }
    }
  }
}
