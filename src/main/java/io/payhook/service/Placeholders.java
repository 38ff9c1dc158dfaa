package io.payhook.service;

import java.util.Properties;
import java.util.function.UnaryOperator;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.DefaultCamelContext;

/**
 * Resolves {@code {{…}}} as the running service does, for commands that read files without starting
 * it.
 */
public final class Placeholders {
  private Placeholders() {}

  /**
   * A resolver with these settings; it throws {@link IllegalArgumentException} for a name nobody
   * set.
   */
  public static UnaryOperator<String> of(Settings settings) {
    return resolver(settings, new EnvironmentFunction(settings));
  }

  /**
   * As {@link #of}, for who only reads files: a development secret that isn't there yet is not
   * made, a text of its kind stands in.
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
      // As the running service has it, whose stand-in listens on loopback.
      properties.setProperty(Key.CRM_URL.name(), "http://127.0.0.1");
    }
    context.getPropertiesComponent().setInitialProperties(properties);
    context.build();
    return text -> text.contains("{{") ? context.resolvePropertyPlaceholders(text) : text;
  }

  static void install(CamelContext context, Settings settings) {
    context.getPropertiesComponent().addPropertiesFunction(new EnvironmentFunction(settings));
  }
}
