package io.payhook.intake;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.payhook.journal.Journal;
import io.payhook.journal.Migrations;
import io.payhook.journal.Rejections;
import io.payhook.routes.Providers;
import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import io.payhook.signature.Verifier;
import io.payhook.signature.Verifiers;
import io.payhook.testing.TestDatabase;
import io.vertx.core.Vertx;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.camel.CamelContext;
import org.apache.camel.main.Main;
import org.apache.camel.support.PluginHelper;
import org.jspecify.annotations.Nullable;

/** The bundled intake route behind its real edge, over a journal of its own. */
final class RunningIntake implements AutoCloseable {
  static final Secret SECRET = Secret.parse("s3cret-of-the-endpoint;id=public-key").get(0);

  final TestDatabase database;
  final Endpoints endpoints = new Endpoints();
  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final Intake intake;
  final int port;
  private final Clock clock;
  private final Main main = new Main();
  private final Vertx vertx = Vertx.vertx();
  private final Journal journal;
  private final Rejections rejections;

  RunningIntake(String name, Limits limits, Clock clock, @Nullable URI publicUrl) throws Exception {
    this.clock = clock;
    database = TestDatabase.create(name, Migrations::journal);
    journal =
        new Journal(
            database.dataSource(),
            "node-a",
            Duration.ofSeconds(30),
            1,
            1_000,
            Duration.ofSeconds(20),
            Clock.systemUTC(),
            new Journal.Listener() {},
            event -> {});
    rejections = new Rejections(database.dataSource(), 1_000, Duration.ofDays(1), 1_000);
    intake =
        new Intake(
            endpoints,
            journal,
            rejections,
            (endpoint, provider, type) -> List.of(),
            limits,
            publicUrl,
            meters);
    intake.beans().forEach(main::bind);
    main.bind("payhookVertx", vertx);
    main.setDefaultPropertyPlaceholderLocation("false");
    Properties properties = new Properties();
    properties.setProperty("camel.main.routesIncludePattern", "false");
    properties.setProperty("camel.main.autoConfigurationEnvironmentVariablesEnabled", "false");
    properties.setProperty("camel.main.streamCachingEnabled", "false");
    properties.setProperty("camel.server.enabled", "true");
    properties.setProperty("camel.server.host", "127.0.0.1");
    properties.setProperty("camel.server.port", "0");
    properties.setProperty("camel.server.fileUploadEnabled", "false");
    main.setInitialProperties(properties);
    main.init();
    main.start();
    CamelContext context = main.getCamelContext();
    PluginHelper.getRoutesLoader(context)
        .loadRoutes(
            PluginHelper.getResourceLoader(context)
                .resolveResource("file:routes/intake.camel.yaml"));
    intake.open();
    port = intake.port();
  }

  Provider endpoint(String name, String preset, Map<String, String> settings) {
    Provider provider = Providers.shipped().get(preset).with(settings);
    endpoints.put(
        new ActiveEndpoint(
            name,
            List.of(provider),
            List.of(SECRET),
            new Verifiers(List.of(new Verifier(provider, List.of(SECRET), clock)))));
    return provider;
  }

  /** What is asked of the journal once every rejection until now is in it. */
  List<String> rejections(String columns) throws Exception {
    while (!rejections.settled()) {
      Thread.onSpinWait();
    }
    return database.query(
        "select concat_ws(' ', " + columns + ") from payhook.rejection order by id");
  }

  @Override
  public void close() throws Exception {
    main.stop();
    vertx.close().toCompletionStage().toCompletableFuture().get();
    rejections.close();
    journal.close();
    database.close();
  }
}
