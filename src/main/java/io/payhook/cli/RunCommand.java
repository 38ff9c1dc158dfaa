package io.payhook.cli;

import io.payhook.console.BacklogMeters;
import io.payhook.console.Catalogue;
import io.payhook.console.Health;
import io.payhook.console.Health.Reading;
import io.payhook.console.ManagementApi;
import io.payhook.console.ManagementException;
import io.payhook.console.ManagementOptions;
import io.payhook.console.ManagementServer;
import io.payhook.journal.JournalReader;
import io.payhook.journal.Replay;
import io.payhook.routes.ReloadProblem;
import io.payhook.service.Logging;
import io.payhook.service.Service;
import io.payhook.settings.Key;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import io.payhook.signature.Secret;
import io.payhook.tools.check.Check;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code payhook run}. */
@Command(
    name = "run",
    description = "Starts the service; on SIGTERM or Ctrl-C it finishes what is running and stops.")
final class RunCommand implements Callable<Integer> {
  private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration BACKLOG_EVERY = Duration.ofSeconds(5);

  @Mixin private final SettingsOptions options = new SettingsOptions();

  @Override
  public Integer call() throws Exception {
    Settings settings = options.load();
    Logging.configure(settings);
    Stop stop = new Stop(Thread.currentThread());
    Signals.on("TERM", stop::asked);
    Signals.on("INT", stop::asked);
    Clock clock = Clock.systemUTC();
    Service service =
        new Service(settings, clock).checkedBy(Check::forService).rereading(options::load);
    Health health =
        new Health()
            .check(
                "database",
                () ->
                    service
                        .databaseProblem()
                        .map(problem -> Reading.down("does not commit: " + problem))
                        .orElse(Reading.up("commits")))
            .check(
                "listener",
                () ->
                    service.listens()
                        ? Reading.up("takes webhooks")
                        : Reading.down("takes no webhooks"))
            .check("files", () -> files(service));
    String token = settings.get(Key.MANAGEMENT_TOKEN);
    ManagementOptions options =
        new ManagementOptions(
            settings.get(Key.MANAGEMENT_HOST),
            settings.get(Key.MANAGEMENT_PORT),
            token.isEmpty() ? null : token);
    try (ManagementServer management = new ManagementServer(options, health, service.meters())) {
      ReloadRequests reloads = new ReloadRequests(service);
      reloads.mount(management.router());
      management.start();
      service.open();
      JournalReader reader = new JournalReader(service.dataSource(), QUERY_TIMEOUT);
      new ManagementApi(
              reader,
              new Replay(service.dataSource(), QUERY_TIMEOUT),
              service::announce,
              new Served(service),
              clock)
          .mount(management);
      management.beforeScrape(new BacklogMeters(reader, BACKLOG_EVERY, service.meters()));
      Signals.on("HUP", reloads::asked);
      health.running();
      Logging.say(
          settings,
          "Payhook is ready: webhooks at http://%s:%s/webhooks/{endpoint}, management at %s"
              .formatted(shown(settings.get(Key.SERVER_HOST)), service.port(), management.url()));
      stop.await();
      health.draining();
      Duration delay = settings.shutdownDelay();
      Logging.say(
          settings,
          "Payhook stops: it takes no more webhooks%s and finishes what runs, in %s s at most."
              .formatted(
                  delay.isZero() ? "" : " from " + delay.toSeconds() + " s on",
                  settings.get(Key.SHUTDOWN_TIMEOUT).toSeconds()));
      service.close();
      Logging.say(settings, "Payhook has stopped; what was not delivered waits in the journal.");
    } catch (ManagementException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (StartException e) {
      if (!stop.isAsked()) {
        throw e;
      }
    }
    return 0;
  }

  private static Reading files(Service service) {
    List<ReloadProblem> problems = service.fileProblems();
    if (problems.isEmpty()) {
      return Reading.up("what is on disk runs");
    }
    return Reading.warn(
        problems.get(0)
            + "; the previous version keeps running"
            + (problems.size() == 1 ? "" : " (and " + (problems.size() - 1) + " more)"));
  }

  /** The running service's configuration, for the management API. */
  private record Served(Service service) implements Catalogue {
    @Override
    public List<EndpointEntry> endpoints() {
      return service.endpoints().all().values().stream()
          .map(
              endpoint ->
                  new EndpointEntry(
                      endpoint.name(),
                      endpoint.providerNames(),
                      "/webhooks/" + endpoint.name(),
                      endpoint.secrets().stream().map(Secret::label).toList(),
                      endpoint.isUnsigned()
                          ? "anybody can send its events: there is no signature"
                          : null))
          .toList();
    }

    @Override
    public List<ProviderEntry> providers() {
      return service.providers().all().stream()
          .map(provider -> new ProviderEntry(provider.name(), provider.title()))
          .toList();
    }
  }

  private static String shown(String host) {
    return host.equals("0.0.0.0") ? "localhost" : host;
  }

  /** A stop request: interrupts a start in progress, or ends the wait of a running service. */
  private static final class Stop {
    private final CountDownLatch asked = new CountDownLatch(1);
    private final Thread starter;
    private boolean waiting;

    Stop(Thread starter) {
      this.starter = starter;
    }

    synchronized void asked() {
      if (isAsked()) {
        // The second request means somebody is in a hurry. The journal is built for that.
        Runtime.getRuntime().halt(Cli.NO);
      }
      asked.countDown();
      if (!waiting) {
        starter.interrupt();
      }
    }

    boolean isAsked() {
      return asked.getCount() == 0;
    }

    void await() {
      synchronized (this) {
        waiting = true;
        Thread.interrupted();
      }
      boolean done = false;
      while (!done) {
        try {
          asked.await();
          done = true;
        } catch (InterruptedException e) {
          // Only a signal ends a running service.
        }
      }
    }
  }
}
