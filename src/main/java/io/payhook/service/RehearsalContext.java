package io.payhook.service;

import io.payhook.delivery.EventComponent;
import io.payhook.routes.RouteFiles;
import io.payhook.settings.Settings;
import java.util.Properties;
import org.apache.camel.CamelContext;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpComponent;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.main.Main;
import org.apache.camel.spi.Registry;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultRegistry;
import org.jspecify.annotations.Nullable;

/** A Camel context that knows what the running one knows but starts no route and no server. */
final class RehearsalContext {
  private RehearsalContext() {}

  /**
   * Gives the trial a started context, which is stopped afterwards.
   *
   * @param behind the registry of the running context
   */
  static void run(Registry behind, Settings settings, Properties effects, RouteFiles.Trial trial)
      throws Exception {
    Main main = new Stage(behind);
    main.bind("event", new EventComponent());
    Properties more = new Properties();
    more.putAll(effects);
    more.setProperty("camel.main.name", "payhook-rehearsal");
    more.setProperty("camel.main.autoStartup", "false");
    more.setProperty("camel.main.sourceLocationEnabled", "true");
    more.setProperty("camel.server.enabled", "false");
    more.setProperty("camel.metrics.enabled", "false");
    CamelSetup.initialise(main, settings, more);
    main.getCamelContext()
        .getComponent("platform-http", PlatformHttpComponent.class)
        .setEngine(NoRequests::new);
    try {
      main.start();
      trial.in(main.getCamelContext());
    } finally {
      main.stop();
    }
  }

  /** A separate context whose registry falls back to the running one's. */
  private static final class Stage extends Main {
    private final Registry behind;

    Stage(Registry behind) {
      this.behind = behind;
    }

    @Override
    protected CamelContext createCamelContext() {
      DefaultCamelContext context = new DefaultCamelContext(false);
      Borrowing borrowing = new Borrowing(behind);
      borrowing.bind("event", registry.lookupByName("event"));
      context.getCamelContextExtension().setRegistry(borrowing);
      return context;
    }
  }

  private static final class Borrowing extends DefaultRegistry {
    private final Registry behind;

    Borrowing(Registry behind) {
      this.behind = behind;
    }

    @Override
    public @Nullable Object lookupByName(String name) {
      Object own = super.lookupByName(name);
      return own != null ? own : behind.lookupByName(name);
    }

    @Override
    public <T> @Nullable T lookupByNameAndType(String name, Class<T> type) {
      T own = super.lookupByNameAndType(name, type);
      return own != null ? own : behind.lookupByNameAndType(name, type);
    }
  }

  /** Accepts no requests. */
  private static final class NoRequests extends DefaultConsumer implements PlatformHttpConsumer {
    NoRequests(PlatformHttpEndpoint endpoint, Processor processor) {
      super(endpoint, processor);
    }

    @Override
    public PlatformHttpEndpoint getEndpoint() {
      return (PlatformHttpEndpoint) super.getEndpoint();
    }
  }
}
