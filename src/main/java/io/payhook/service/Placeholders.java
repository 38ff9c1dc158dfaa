package io.payhook.service;

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
    CamelContext context = new DefaultCamelContext();
    install(context, settings);
    context.getPropertiesComponent().setInitialProperties(settings.asCamelProperties());
    context.build();
    return text -> text.contains("{{") ? context.resolvePropertyPlaceholders(text) : text;
  }

  static void install(CamelContext context, Settings settings) {
    context.getPropertiesComponent().addPropertiesFunction(new EnvironmentFunction(settings));
  }
}
