package io.payhook.settings;

import io.payhook.signature.Secret;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.apache.camel.spi.PropertiesFunction;
import org.jspecify.annotations.Nullable;

/**
 * {@code {{env:NAME}}} and {@code {{env:NAME:default}}} in route files, replacing Camel's own. The
 * environment takes precedence; a secret that is not set there is, outside production, a
 * {@linkplain DevelopmentSecrets development secret}. Registered with {@code
 * camelContext.getPropertiesComponent().addPropertiesFunction(…)}.
 */
public final class EnvironmentFunction implements PropertiesFunction {
  /** Suffix of variables that hold a webhook secret. */
  public static final String WEBHOOK_SECRET = "_WEBHOOK_SECRET";

  /** Suffix of variables that hold the key of a provider's own API, which confirms events. */
  public static final String CONFIRM_SECRET = "_CONFIRM_SECRET";

  /**
   * Suffix of variables that hold a platform's id of the webhook, which is part of the signed text.
   */
  private static final String WEBHOOK_ID = "_WEBHOOK_ID";

  /** Suffix of variables that hold other values known only to the merchant's account. */
  private static final String PARAMETER = "_PARAM";

  private final Settings settings;
  private final UnaryOperator<String> secrets;
  private final UnaryOperator<@Nullable String> environment;

  /** Reads the environment of this process. */
  public EnvironmentFunction(Settings settings) {
    this(settings, Environment.ofProcess()::get);
  }

  EnvironmentFunction(Settings settings, UnaryOperator<@Nullable String> environment) {
    this(settings, environment, new DevelopmentSecrets(settings.data())::get);
  }

  private EnvironmentFunction(
      Settings settings,
      UnaryOperator<@Nullable String> environment,
      UnaryOperator<String> secrets) {
    this.settings = settings;
    this.secrets = secrets;
    this.environment = environment;
  }

  /** A function that stores no secret: 64 hex digits, or a temporary key, replace it. */
  static EnvironmentFunction forReading(Settings settings) {
    return new EnvironmentFunction(
        settings,
        Environment.ofProcess()::get,
        name -> {
          Optional<String> kept = new DevelopmentSecrets(settings.data()).find(name);
          if (kept.isPresent()) {
            return kept.get();
          }
          Secret.Kind kind = DevelopmentSecrets.kindOf(name);
          return kind == Secret.Kind.SHARED ? "0".repeat(64) : Secret.ofTheProcess(kind).value();
        });
  }

  @Override
  public String getName() {
    return "env";
  }

  /**
   * The value of {@code NAME} or {@code NAME:default}; null, which Camel reports as unknown, if
   * there is neither.
   *
   * @throws IllegalArgumentException for a secret that is missing in production
   */
  @Override
  public @Nullable String apply(String remainder) {
    int colon = remainder.indexOf(':');
    String name = colon < 0 ? remainder : remainder.substring(0, colon);
    String value = environment.apply(name);
    boolean secret =
        name.endsWith(WEBHOOK_SECRET)
            || name.endsWith(CONFIRM_SECRET)
            || name.endsWith(WEBHOOK_ID)
            || name.endsWith(PARAMETER);
    // With an empty secret, anyone could sign.
    if (value != null && !(secret && value.isBlank())) {
      return value;
    }
    if (colon >= 0 && !(secret && remainder.substring(colon + 1).isBlank())) {
      return remainder.substring(colon + 1);
    }
    if (!secret) {
      return null;
    }
    if (settings.isProduction() && colon >= 0 && isKey(name)) {
      // A platform's public key is optional here: its requests name a certificate.
      return "";
    }
    if (settings.isProduction()) {
      throw new IllegalArgumentException(
          ("environment variable %s is not set; profile %s makes no development secrets, set it to"
                  + " what the platform gave you")
              .formatted(name, settings.profile()));
    }
    return secrets.apply(name);
  }

  private static boolean isKey(String name) {
    return DevelopmentSecrets.kindOf(name) != Secret.Kind.SHARED;
  }
}
