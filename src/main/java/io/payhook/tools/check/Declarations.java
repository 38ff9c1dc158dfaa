package io.payhook.tools.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.payhook.Endpoint;
import io.payhook.files.Tree;
import io.payhook.files.Trouble;
import io.payhook.journal.Facts;
import io.payhook.kit.Json;
import io.payhook.kit.Lines;
import io.payhook.kit.Located;
import io.payhook.kit.Located.Entry;
import io.payhook.kit.Located.Place;
import io.payhook.kit.Located.Text;
import io.payhook.kit.Nearest;
import io.payhook.routes.DeclaredEndpoint;
import io.payhook.routes.Providers;
import io.payhook.routes.Sample;
import io.payhook.signature.Confirmation;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Refused;
import io.payhook.signature.Secret;
import io.payhook.signature.Setting;
import io.payhook.signature.Signer;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import io.payhook.tools.check.Check.Source;
import io.payhook.tools.scaffold.Variables;
import java.io.IOException;
import java.nio.file.Path;
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
          "payhookEffects",
          "payhookMailSender",
          "payhookStatements",
          "payhookVertx");

  /** An endpoint whose provider could be read, or not. */
  record Declared(
      String name,
      Source source,
      Place place,
      List<Provider> providers,
      Map<String, List<Rehearsal.Sample>> samples) {

    /** The first of its presets; null where none could be read. */
    @Nullable Provider provider() {
      return providers.isEmpty() ? null : providers.get(0);
    }
  }

  /** Where a bean is declared. */
  private record Bean(Path file, Place place) {}

  private final Check check;
  private final Map<String, Provider> presets = new TreeMap<>();
  private final Set<String> brokenPresets = new TreeSet<>();
  private final Providers shipped = Providers.shipped();
  private final Map<String, Declared> endpoints = new TreeMap<>();
  private final Map<String, Bean> beans = new LinkedHashMap<>();

  Declarations(Check check, Collection<Source> presets, Collection<Source> routes) {
    this.check = check;
    presets.forEach(this::preset);
    routes.forEach(this::beans);
  }

  Map<String, Declared> endpoints() {
    return endpoints;
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

  private void preset(Source source) {
    String file = source.file().getFileName().toString();
    String name = file.substring(0, file.length() - ".yaml".length());
    if (!(source.document() instanceof Located.Map map)) {
      check.add(
          source.file(),
          source.document().place(),
          "a preset is a block of settings",
          "begin with 'title:' and 'signature:'");
      brokenPresets.add(name);
      return;
    }
    if (shipped.names().contains(name)) {
      check.add(
          source.file(),
          Place.START,
          "the name '" + name + "' is that of a preset that ships",
          "name the file otherwise");
    }
    try {
      presets.put(name, Provider.parse(name, tree(map)));
    } catch (ProviderException e) {
      brokenPresets.add(name);
      for (ProviderException.Problem problem : e.problems()) {
        Entry entry = entry(map, problem.setting());
        problem(source.file(), problem, entry, entry == null ? Place.START : entry.key().place());
      }
    }
  }

  private static Map<String, Object> tree(Located.Map map) {
    Map<String, Object> tree = new LinkedHashMap<>();
    for (Entry entry : map.entries()) {
      tree.put(entry.key().value(), plain(entry.value()));
    }
    return tree;
  }

  private static Object plain(Located value) {
    if (value instanceof Located.Map map) {
      return tree(map);
    }
    if (value instanceof Located.Items items) {
      return items.items().stream().map(Declarations::plain).toList();
    }
    return ((Text) value).isNull() ? "" : ((Text) value).value();
  }

  /** The entry of a dotted name, however it is nested; of its longest part that is there. */
  private static @Nullable Entry entry(Located.Map map, String dotted) {
    Entry best = null;
    for (Entry entry : map.entries()) {
      String key = entry.key().value();
      if (key.equals(dotted)) {
        return entry;
      }
      if (dotted.startsWith(key + ".")) {
        Entry inner =
            entry.value() instanceof Located.Map nested
                ? entry(nested, dotted.substring(key.length() + 1))
                : null;
        best = inner == null ? entry : inner;
      }
    }
    return best;
  }

  private void problem(
      Path file, ProviderException.Problem problem, @Nullable Entry entry, Place otherwise) {
    boolean name = problem.text().startsWith("no such setting") || entry == null;
    check.add(
        file,
        name || entry == null ? otherwise : entry.value().place(),
        problem.text(),
        problem.setting().isEmpty() ? "" : problem.setting() + ": ",
        name ? "'payhook providers NAME' shows the settings of a preset" : "correct it here");
  }

  // Beans

  private void beans(Source source) {
    if (source.document() instanceof Located.Items entries) {
      for (Located entry : entries.items()) {
        if (entry instanceof Located.Map map && map.get("beans") instanceof Located.Items items) {
          for (Located bean : items.items()) {
            if (bean instanceof Located.Map declared) {
              bean(source, declared);
            }
          }
        }
      }
    }
  }

  private void bean(Source source, Located.Map bean) {
    Text name = bean.text("name");
    Text type = bean.text("type");
    if (name == null || type == null) {
      return;
    }
    boolean endpoint = isEndpoint(type.value());
    Bean earlier = beans.putIfAbsent(name.value(), new Bean(source.file(), name.place()));
    if (earlier != null) {
      check.add(
          source.file(),
          name.place(),
          (endpoint ? "endpoint '" : "bean '")
              + name.value()
              + "' is already in "
              + earlier.file.getFileName()
              + ":"
              + earlier.place.line(),
          "give one of the two another name");
      return;
    }
    if (OF_THE_SERVICE.contains(name.value())) {
      check.add(
          source.file(),
          name.place(),
          "the name '" + name.value() + "' is that of a bean of the service",
          "take another name");
    }
    if (endpoint) {
      endpoint(source, bean, name);
    } else {
      type(source, type);
    }
  }

  private static boolean isEndpoint(String type) {
    return type.replaceFirst("^#class:", "").equals(Endpoint.class.getName());
  }

  private void type(Source source, Text type) {
    String name = check.resolved(type.value()).orElse("");
    String plain = name.replaceFirst("^#class:", "").replaceFirst("[(#].*$", "");
    if (name.isEmpty() || name.startsWith("#bean:") || name.startsWith("#type:")) {
      return;
    }
    try {
      Class.forName(plain, false, Declarations.class.getClassLoader());
    } catch (ClassNotFoundException | LinkageError e) {
      check.add(
          source.file(),
          type.place(),
          "there is no class '" + plain + "'",
          Nearest.meant(
              plain,
              List.of(Endpoint.class.getName()),
              "the whole name of a class of Payhook or of a jar in lib/ is right"));
    }
  }

  // Endpoints

  private void endpoint(Source source, Located.Map bean, Text name) {
    Located.Map properties = bean.map("properties");
    List<Provider> providers = new ArrayList<>();
    Entry named = properties == null ? null : properties.entry("provider");
    if (!name.value().matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      check.add(
          source.file(),
          name.place(),
          "'" + name.value() + "' can't be the last part of a URL",
          "letters, digits and - are right, as in shop-eu");
    }
    if (properties == null || named == null) {
      check.add(
          source.file(),
          name.place(),
          "endpoint '" + name.value() + "' has no provider",
          "add 'provider:' to its properties; 'payhook providers' lists them");
    } else {
      String text =
          named.value() instanceof Text written ? check.resolved(written.value()).orElse("") : "";
      for (String preset : DeclaredEndpoint.names(text)) {
        Provider provider = provider(source, named, preset);
        provider = provider == null ? null : withSettings(source, properties, provider);
        if (provider != null) {
          providers.add(provider);
          secrets(source, name, properties, provider);
          confirmation(source, named, properties, provider, name.value());
        }
      }
    }
    Map<String, List<Rehearsal.Sample>> samples = new TreeMap<>();
    if (!providers.isEmpty()) {
      samples(source, name.value(), providers, samples);
    }
    endpoints.put(
        name.value(), new Declared(name.value(), source, name.place(), providers, samples));
  }

  private @Nullable Provider provider(Source source, Entry named, String preset) {
    if (brokenPresets.contains(preset)) {
      return null;
    }
    Provider own = presets.get(preset);
    Optional<Provider> found = own != null ? Optional.of(own) : shipped.find(preset);
    if (found.isEmpty()) {
      Set<String> names = new TreeSet<>(shipped.names());
      names.addAll(presets.keySet());
      check.add(
          source.file(),
          named.value().place(),
          "no such provider '" + preset + "'",
          Nearest.meant(preset, names, "'payhook providers' lists them"));
    }
    return found.orElse(null);
  }

  private @Nullable Provider withSettings(
      Source source, Located.Map properties, Provider provider) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings("", properties, settings);
    settings.remove("provider");
    settings.remove("secrets");
    try {
      return provider.with(settings);
    } catch (ProviderException e) {
      for (ProviderException.Problem problem : e.problems()) {
        Entry entry = entry(properties, problem.setting());
        problem(
            source.file(),
            problem,
            entry,
            entry == null ? properties.place() : entry.key().place());
      }
      return null;
    }
  }

  private void settings(String prefix, Located.Map map, Map<String, String> into) {
    for (Entry entry : map.entries()) {
      String name = prefix + entry.key().value();
      if (entry.value() instanceof Located.Map nested) {
        settings(name + ".", nested, into);
      } else if (entry.value() instanceof Located.Items items) {
        into.put(name, String.join("\n", items.items().stream().map(Object::toString).toList()));
      } else if (entry.value() instanceof Text text) {
        check.resolved(text.value()).ifPresent(value -> into.put(name, value));
      }
    }
  }

  private void secrets(Source source, Text name, Located.Map properties, Provider provider) {
    Entry entry = properties.entry("secrets");
    if (provider.isUnsigned()) {
      return;
    }
    String variable = Variables.secret(name.value(), provider);
    if (entry == null && provider.namesCertificates()) {
      return;
    }
    if (entry == null) {
      check.add(
          source.file(),
          name.place(),
          "endpoint '" + name.value() + "' has no secrets",
          "add 'secrets: \"{{env:" + variable + "}}\"' to its properties");
      return;
    }
    if (!(entry.value() instanceof Text text)) {
      check.add(
          source.file(),
          entry.value().place(),
          "'secrets' is no text",
          "several secrets are separated by commas");
      return;
    }
    inClear(source, text, variable);
    Optional<String> resolved = check.resolved(text.value());
    if (resolved.isEmpty()) {
      return;
    }
    try {
      List<Secret> secrets = Secret.parse(resolved.get());
      if (!secrets.isEmpty() || text.value().isBlank()) {
        Verifier unused = new Verifier(provider, secrets, check.clock());
      }
    } catch (ProviderException e) {
      for (ProviderException.Problem problem : e.problems()) {
        boolean params = problem.setting().startsWith("params.");
        check.add(
            source.file(),
            params ? name.place() : text.place(),
            problem.text(),
            problem.setting() + ": ",
            params
                ? "add '" + problem.setting() + ":' to the endpoint's properties"
                : "correct it here");
      }
    } catch (IllegalArgumentException e) {
      check.add(
          source.file(),
          text.place(),
          String.valueOf(e.getMessage()),
          "secrets: ",
          "correct it here");
    }
  }

  private boolean inClear(Source source, Text text, String variable) {
    boolean clear = !text.value().contains("{{") && !text.value().isBlank();
    if (clear) {
      check.unsound(
          source.file(),
          text.place(),
          "a secret written in clear",
          "write \"{{env:" + variable + "}}\" and set that environment variable");
    }
    return clear;
  }

  /** Whether events that have to be confirmed can be. */
  private void confirmation(
      Source source, Entry named, Located.Map properties, Provider provider, String endpoint) {
    Entry key = entry(properties, Setting.CONFIRM_SECRET.key());
    Text text = key != null && key.value() instanceof Text value ? value : null;
    String variable = Variables.confirm(endpoint);
    if (text != null
        && (inClear(source, text, variable) || check.resolved(text.value()).isEmpty())) {
      return;
    }
    try {
      Optional<Confirmation> unused = provider.confirmation();
    } catch (ProviderException e) {
      for (ProviderException.Problem problem : e.problems()) {
        check.add(
            source.file(),
            text == null ? named.value().place() : text.place(),
            problem.toString(),
            "add '" + problem.setting() + ": \"{{env:" + variable + "}}\"' to its properties");
      }
    }
  }

  // Samples

  private void samples(
      Source source,
      String endpoint,
      List<Provider> providers,
      Map<String, List<Rehearsal.Sample>> into) {
    List<Provider> signing = providers.stream().map(Declarations::signing).toList();
    for (Path file : Tree.level(source.file().resolveSibling("samples")).files()) {
      if (!Sample.isSample(file)) {
        check.unsound(
            file,
            Place.START,
            "a sample's file can't end so",
            "one of " + Sample.endings() + " is right, by its content");
        continue;
      }
      try {
        sample(file, endpoint, signing, into);
      } catch (IOException e) {
        check.trouble(Trouble.of(file, e));
      }
    }
  }

  /**
   * The provider with what a sample can't satisfy taken away: a private key nobody here has, and
   * times that have passed.
   */
  private static Provider signing(Provider provider) {
    Map<String, String> changes = new LinkedHashMap<>();
    String algorithm = provider.setting(Setting.SIGNATURE_ALGORITHM).orElse("");
    if (!provider.isUnsigned()
        && !Set.of("sha256", "sha512", "md5", "token", "basic").contains(algorithm)) {
      changes.put(Setting.SIGNATURE_ALGORITHM.key(), "hmac-sha256");
      changes.put(Setting.SIGNATURE_KEY.key(), "text");
      changes.put(Setting.SIGNATURE_CERTIFICATE_URL.key(), "");
      changes.put(Setting.SIGNATURE_CERTIFICATE_HOSTS.key(), "");
    }
    if (provider.setting(Setting.TIMESTAMP_TOLERANCE).isPresent()) {
      changes.put(Setting.TIMESTAMP_TOLERANCE.key(), "");
      changes.put(Setting.TIMESTAMP_TOLERANCE_FUTURE.key(), "");
    }
    try {
      return provider.with(changes);
    } catch (ProviderException e) {
      return provider;
    }
  }

  private void sample(
      Path file,
      String endpoint,
      List<Provider> providers,
      Map<String, List<Rehearsal.Sample>> into)
      throws IOException {
    Sample sample = Sample.read(file);
    String type = sample.type();
    Provider provider =
        providers.stream()
            .filter(each -> providers.size() > 1 && sample.verifiedBy(each).isPresent())
            .findFirst()
            .orElse(providers.get(0));
    if (sample.contentType().equals("application/json")) {
      try {
        Object unused = Json.STRICT.readValue(sample.body(), Object.class);
      } catch (JsonProcessingException e) {
        check.unsound(
            file,
            new Place(e.getLocation().getLineNr(), e.getLocation().getColumnNr()),
            "the sample is not JSON: " + Lines.one(e.getOriginalMessage()),
            "one JSON document is right");
        into.computeIfAbsent(type, key -> new ArrayList<>());
        return;
      }
    }
    try {
      Secret secret = Secret.of("sample-secret");
      RawRequest unsigned = sample.request("https://localhost/webhooks/" + endpoint);
      RawRequest signed = new Signer(provider, secret, check.clock()).sign(unsigned, type);
      Verdict verdict = new Verifier(provider, List.of(secret), check.clock()).verify(signed);
      if (verdict instanceof VerifiedEvent event) {
        // A batch is known by any event in it, or as what it is.
        List<String> types = event.items().stream().map(VerifiedEvent::type).distinct().toList();
        if (Stream.concat(types.stream(), Stream.of(event.type()))
            .noneMatch(is -> type.equals(is) || type.startsWith(is + "-"))) {
          String is = types.get(0);
          check.unsound(
              file,
              Place.START,
              types.size() > 1
                  ? "the sample is a batch of events of the types " + String.join(", ", types)
                  : "the sample is an event of type '" + is + "'",
              "name the file " + new Sample(is, sample.contentType(), sample.body()).fileName());
          into.computeIfAbsent(type, key -> new ArrayList<>());
        }
        for (VerifiedEvent item : event.items()) {
          Rehearsal.Sample rehearsed =
              new Rehearsal.Sample(file.getFileName().toString(), variables(endpoint, item));
          into.computeIfAbsent(item.type(), key -> new ArrayList<>()).add(rehearsed);
          for (String confirmed : provider.confirmedTypes(item.type())) {
            into.computeIfAbsent(confirmed, key -> new ArrayList<>()).add(rehearsed);
          }
        }
      } else {
        refused(file, endpoint, provider, verdict);
        into.computeIfAbsent(type, key -> new ArrayList<>());
      }
    } catch (ProviderException e) {
      into.computeIfAbsent(type, key -> new ArrayList<>());
      for (ProviderException.Problem problem : e.problems()) {
        check.unsound(
            file,
            Place.START,
            "endpoint '" + endpoint + "' can't take this sample: " + problem.text(),
            "correct the sample or the endpoint");
      }
    }
  }

  /** What a delivery of the event has. */
  private Map<String, Object> variables(String endpoint, VerifiedEvent event)
      throws JsonProcessingException {
    Map<String, Object> variables = new LinkedHashMap<>();
    if (event.json() != null) {
      variables.put("event", Json.STRICT.treeToValue(event.json(), Object.class));
    }
    variables.put("endpoint", endpoint);
    variables.put("eventId", "01890000-0000-7000-8000-000000000000");
    variables.put("eventType", event.type());
    variables.put("eventKey", event.key());
    variables.put("receivedAt", check.clock().instant());
    fact(variables, "amount", event.amount());
    fact(variables, "currency", event.currency());
    fact(variables, "entity", event.entity());
    fact(variables, "occurredAt", event.occurredAt());
    variables.put("origin", Facts.WEBHOOK);
    variables.put("attempt", 1);
    variables.put("idempotencyKey", "01890000-0000-7000-8000-000000000000.check");
    return variables;
  }

  private static void fact(Map<String, Object> variables, String name, @Nullable Object value) {
    if (value != null) {
      variables.put(name, value);
    }
  }

  private void refused(Path file, String endpoint, Provider provider, Verdict verdict) {
    String detail =
        verdict instanceof Refused refused ? refused.detail() : "it is a handshake, not an event";
    String right =
        "its event type is at "
            + provider.setting(Setting.EVENT_TYPE).orElse("?").replace('\n', ' ')
            + ", its key at "
            + provider.setting(Setting.EVENT_KEY).orElse("?").replace('\n', ' ');
    check.unsound(
        file,
        Place.START,
        "endpoint '" + endpoint + "' would refuse this sample: " + Lines.one(detail),
        right);
  }
}
