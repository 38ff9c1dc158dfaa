package io.payhook.settings;

import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.Secret;
import io.payhook.signature.Setting;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Checks for what works on a developer's machine and profile prod refuses. */
public final class Production {
  private static final int SHORTEST = 12;
  private static final int LEAST_DIFFERENT = 5;

  /** The word without characters other than letters and digits. */
  private static final Set<String> WELL_KNOWN =
      Set.of(
          "changeme",
          "changethis",
          "changemeplease",
          "secret",
          "mysecret",
          "topsecret",
          "supersecret",
          "webhooksecret",
          "mywebhooksecret",
          "yoursecret",
          "yoursecretkey",
          "yourwebhooksecret",
          "secretkey",
          "mysecretkey",
          "password",
          "password123",
          "test",
          "testsecret",
          "testwebhooksecret",
          "testing",
          "example",
          "examplesecret",
          "placeholder",
          "123456789012",
          "1234567890123456",
          "0123456789abcdef");

  private Production() {}

  /** The problems of the settings and of the secrets in the environment. */
  static List<String> problems(Settings settings, Map<String, String> environment) {
    List<String> problems = new ArrayList<>();
    String profile = "profile " + settings.profile() + ": ";
    standIn(settings, Key.MAIL_HOST, "e-mails would only be written to files")
        .ifPresent(problems::add);
    standIn(settings, Key.CRM_URL, "the CRM would be a stand-in").ifPresent(problems::add);
    Optional<URI> crm = settings.get(Key.CRM_URL);
    if (crm.isPresent()
        && "http".equals(crm.get().getScheme())
        && !isLoopback(crm.get().getHost())
        && !settings.get(Key.CRM_TOKEN).isEmpty()) {
      problems.add(
          ("%spayhook.crm.token would cross the network in clear to %s; give payhook.crm.url (%s)"
                  + " an address with https://")
              .formatted(profile, crm.get().getHost(), settings.origin(Key.CRM_URL)));
    }
    String mail = settings.get(Key.MAIL_HOST);
    if (settings.get(Key.MAIL_SECURITY).equals("none")
        && !settings.get(Key.MAIL_PASSWORD).isEmpty()
        && !mail.isEmpty()
        && !isLoopback(mail)) {
      problems.add(
          ("%spayhook.mail.password would cross the network in clear to %s; set"
                  + " payhook.mail.security (%s) to starttls or tls")
              .formatted(profile, mail, settings.origin(Key.MAIL_SECURITY)));
    }
    for (String name : secrets(environment)) {
      String value = new Environment(environment::get).get(name);
      if (value != null && !name.matches(".*_(RSA|ED25519)_WEBHOOK_SECRET")) {
        weak(value)
            .ifPresent(
                why ->
                    problems.add(
                        profile
                            + "environment variable "
                            + name
                            + ": a secret in it "
                            + why
                            + ", so that others can sign; set what the platform gave you, or give it one made by 'openssl rand"
                            + " -hex 32'"));
      }
    }
    return problems;
  }

  /** Secrets that consist of separators only; refused in any profile. */
  static List<String> emptySecrets(Map<String, String> environment) {
    List<String> problems = new ArrayList<>();
    for (String name : secrets(environment)) {
      try {
        String value = new Environment(environment::get).get(name);
        if (value != null && !value.isBlank() && Secret.parse(value).isEmpty()) {
          problems.add(
              "environment variable "
                  + name
                  + " has separators and no secret; set what the platform gave you");
        }
      } catch (ProviderException e) {
        // Reported at the endpoint that uses it.
      } catch (IllegalArgumentException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    return problems;
  }

  /** The problems of an endpoint. */
  public static List<String> problems(
      Settings settings, String endpoint, List<Provider> providers, List<Secret> secrets) {
    List<String> problems = new ArrayList<>();
    String where = "profile " + settings.profile() + ": endpoint '" + endpoint + "': ";
    for (Provider provider : providers) {
      String algorithm = provider.setting(Setting.SIGNATURE_ALGORITHM).orElse("");
      boolean credential = algorithm.equals("token") || algorithm.equals("basic");
      if (credential && provider.confirmation().isEmpty()) {
        problems.add(
            where
                + provider.name()
                + " signs nothing, so whoever has seen one request can make up any; set confirm.secret, or confirm.* of your"
                + " own, so that the platform's API is asked about each event");
      }
      if (provider.trustsHostOfSender(settings.get(Key.PUBLIC_URL).isPresent())) {
        problems.add(
            where
                + Key.PUBLIC_URL
                + " is empty, and the platform signs the URL it calls: what is signed for another server with the same"
                + " secret would pass here; set it to the address under which the platform reaches this service, such as"
                + " https://hooks.example.com");
      }
      if (provider.secretKind() == Secret.Kind.SHARED) {
        for (Secret secret : secrets) {
          weakness(secret.value())
              .ifPresent(
                  why ->
                      problems.add(
                          where
                              + "the secret "
                              + secret.label()
                              + " "
                              + why
                              + ", so that others can sign; give it one that nobody can guess"));
        }
      }
    }
    return problems;
  }

  private static Set<String> secrets(Map<String, String> environment) {
    Set<String> names = new TreeSet<>();
    for (String variable : environment.keySet()) {
      String name = variable.replaceFirst("_FILE$", "");
      if (name.endsWith(EnvironmentFunction.WEBHOOK_SECRET)) {
        names.add(name);
      }
    }
    return names;
  }

  private static Optional<String> weak(String secrets) {
    try {
      return Secret.parse(secrets).stream()
          .map(secret -> weakness(secret.value()))
          .flatMap(Optional::stream)
          .findFirst();
    } catch (ProviderException e) {
      return Optional.empty();
    }
  }

  /** Why others may know or guess a secret; empty if nothing is wrong with it. */
  static Optional<String> weakness(String secret) {
    String plain = secret.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    if (WELL_KNOWN.contains(plain)) {
      return Optional.of("is a word that everybody tries first");
    }
    if (secret.length() < SHORTEST) {
      return Optional.of("is shorter than " + SHORTEST + " characters");
    }
    Set<Integer> different = new LinkedHashSet<>();
    secret.chars().forEach(different::add);
    return different.size() < LEAST_DIFFERENT
        ? Optional.of("repeats the same few characters")
        : Optional.empty();
  }

  private static Optional<String> standIn(Settings settings, Key<?> key, String consequence) {
    Object value = settings.get(key);
    return "".equals(value) || Optional.empty().equals(value)
        ? Optional.of(
            "profile %s: %s is empty, so %s; set it in %s or as %s"
                .formatted(settings.profile(), key, consequence, Settings.FILE, key.variable()))
        : Optional.empty();
  }

  /** Whether a host is this machine. */
  public static boolean isLoopback(String host) {
    return host.equals("localhost")
        || host.startsWith("127.")
        || host.equals("::1")
        || host.equals("[::1]");
  }
}
