package io.payhook.settings;

import java.util.Properties;
import java.util.function.UnaryOperator;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.DefaultCamelContext;

/**
 * Resolves {@code {{…}}} like the running service, for commands that read files without starting
 * it.
 */
public final class Placeholders {
  private Placeholders() {}

  /**
   * A resolver with these settings; it throws {@link IllegalArgumentException} for an undefined
   * name.
   */
  public static UnaryOperator<String> of(Settings settings) {
    return resolver(settings, new EnvironmentFunction(settings));
  }

  /**
   * Like {@link #of}, for tools that only read files: a missing development secret is not generated
   * but replaced by a text of its kind.
   */
  public static UnaryOperator<String> forReading(Settings settings) {
    return resolver(settings, EnvironmentFunction.forReading(settings));
  }

  private static UnaryOperator<String> resolver(
      Settings settings, EnvironmentFunction environment) {
    CamelContext context = new DefaultCamelContext();
    context.getPropertiesComponent().addPropertiesFunction(environment);
    Properties properties = settings.asCamelProperties();
    if (properties.getProperty(Key.CRM_URL.name(), "").isEmpty()) {
      // As in the running service, whose stand-in listens on loopback.
      properties.setProperty(Key.CRM_URL.name(), "http://127.0.0.1");
    }
    context.getPropertiesComponent().setInitialProperties(properties);
    context.build();
    return text -> text.contains("{{") ? context.resolvePropertyPlaceholders(text) : text;
  }

  /** Resolves {@code {{env:NAME}}} in a context as here. */
  public static void install(CamelContext context, Settings settings) {
    context.getPropertiesComponent().addPropertiesFunction(new EnvironmentFunction(settings));
  }
}
