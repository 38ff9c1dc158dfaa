package io.payhook.service;

import io.payhook.delivery.DeliveryConnections;
import io.payhook.effects.Texts;
import io.payhook.effects.kamelets.Effects;
import io.payhook.effects.kamelets.EffectsConfig;
import io.payhook.settings.Key;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import org.apache.camel.CamelContext;
import org.apache.camel.component.jdbc.JdbcComponent;
import org.apache.camel.main.BaseMainSupport;
import org.apache.camel.main.Main;
import org.apache.camel.main.MainListenerSupport;
import org.apache.camel.spi.InterceptStrategy;

/** The settings and the content of the Camel context that runs the routes. */
final class CamelSetup {
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "camel.main.name", "payhook",
          "camel.main.routesIncludePattern", "false",
          "camel.main.startupSummaryLevel", "Off",
          "camel.main.shutdownLogInflightExchangesOnTimeout", "false",
          "camel.main.autoConfigurationEnvironmentVariablesEnabled", "false",
          "camel.main.useBreadcrumb", "false",
          "camel.main.messageHistory", "false",
          "camel.main.streamCachingEnabled", "false",
          "camel.main.logName", RouteLog.LOGGER + "${routeId}",
          "camel.component.direct.block", "false");

  private static final Map<String, String> HTTP =
      Map.of(
          "automaticRetriesDisabled", "true",
          "cookieManagementDisabled", "true",
          "connectTimeout", "3000",
          "connectionRequestTimeout", "3000",
          "responseTimeout", "10000",
          "soTimeout", "10000");

  private final List<Consumer<Main>> beans = new ArrayList<>();
  private final List<Consumer<CamelContext>> before = new ArrayList<>();

  <T> void bind(String name, Class<T> type, T bean) {
    beans.add(main -> main.getCamelContext().getRegistry().bind(name, type, bean));
  }

  /** Adds a change that precedes every setting and component. */
  void prepare(Consumer<CamelContext> change) {
    before.add(change);
  }

  /** A context with everything that the routes use. */
  CamelContext running(
      Main main, Settings settings, Properties own, Texts texts, EffectsConfig effects)
      throws Exception {
    main.addMainListener(
        new MainListenerSupport() {
          @Override
          public void beforeInitialize(BaseMainSupport initialised) {
            before.forEach(change -> change.accept(initialised.getCamelContext()));
          }
        });
    initialise(main, settings, own);
    CamelContext context = main.getCamelContext();
    beans.forEach(bean -> bean.accept(main));
    context
        .getRegistry()
        .findByType(InterceptStrategy.class)
        .forEach(context.getCamelContextExtension()::addInterceptStrategy);
    Effects.bind(context, effects, texts);
    context
        .getComponent("jdbc", JdbcComponent.class)
        .setConnectionStrategy(new DeliveryConnections());
    return context;
  }

  /**
   * A Camel context that loads no routes automatically, never retries on its own, and logs no
   * payloads.
   */
  static void initialise(Main main, Settings settings, Properties more) throws Exception {
    main.setDefaultPropertyPlaceholderLocation("false");
    Properties properties = new Properties();
    properties.putAll(DEFAULTS);
    properties.setProperty(
        "camel.main.shutdownTimeout",
        String.valueOf(settings.get(Key.SHUTDOWN_TIMEOUT).toSeconds()));
    // Two components for Camel, each with settings of its own.
    for (String scheme : List.of("http", "https")) {
      HTTP.forEach(
          (name, value) -> properties.setProperty("camel.component." + scheme + "." + name, value));
    }
    properties.setProperty(
        "camel.component.kamelet.location",
        "classpath:kamelets,file:" + settings.routes().resolve("kamelets"));
    properties.putAll(settings.asCamelProperties());
    properties.setProperty("camel.server.enabled", "true");
    properties.setProperty("camel.server.fileUploadEnabled", "false");
    properties.setProperty(
        "camel.server.maxBodySize", String.valueOf(settings.get(Key.INTAKE_MAX_BODY)));
    properties.setProperty("camel.management.enabled", "false");
    properties.putAll(more);
    main.setInitialProperties(properties);
    main.bind("log", new RouteLog());
    main.init();
    Placeholders.install(main.getCamelContext(), settings);
  }
}
