package io.payhook.cli;

import io.payhook.console.Health;
import io.payhook.console.Health.Reading;
import io.payhook.console.ManagementException;
import io.payhook.console.ManagementOptions;
import io.payhook.console.ManagementServer;
import io.payhook.service.Key;
import io.payhook.service.Logging;
import io.payhook.service.Service;
import io.payhook.service.Settings;
import io.payhook.service.StartException;
import java.time.Clock;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code payhook run}. */
@Command(
    name = "run",
    description =
        "Starts the service; SIGTERM or Ctrl-C lets it finish what is running and stops it.")
final class RunCommand implements Callable<Integer> {
  @Mixin private final SettingsOptions options = new SettingsOptions();

  @Override
  public Integer call() throws Exception {
    Settings settings = options.load();
    Logging.configure(settings);
    Stop stop = new Stop(Thread.currentThread());
    Signals.on("TERM", stop::asked);
    Signals.on("INT", stop::asked);
    Service service = new Service(settings, Clock.systemUTC());
    Health health =
        new Health()
            .check(
                "database",
                () ->
                    service.databaseCommits()
                        ? Reading.up("commits")
                        : Reading.down("does not commit"))
            .check(
                "listener",
                () ->
                    service.listens()
                        ? Reading.up("takes webhooks")
                        : Reading.down("takes no webhooks"));
    String token = settings.get(Key.MANAGEMENT_TOKEN);
    ManagementOptions options =
        new ManagementOptions(
            settings.get(Key.MANAGEMENT_HOST),
            settings.get(Key.MANAGEMENT_PORT),
            token.isEmpty() ? null : token);
    try (ManagementServer management = new ManagementServer(options, health, service.meters())) {
      management.start();
      service.open();
      health.running();
      System.out.println(
          "Payhook is ready: webhooks at http://"
              + shown(settings.get(Key.SERVER_HOST))
              + ":"
              + service.port()
              + "/webhooks/{endpoint}, management at "
              + management.url());
      stop.await();
      health.draining();
      service.close();
    } catch (ManagementException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (StartException e) {
      if (!stop.isAsked()) {
        throw e;
      }
    }
    return 0;
  }

  private static String shown(String host) {
    return host.equals("0.0.0.0") ? "localhost" : host;
  }

  /** The wish to stop: interrupts a start that is under way, ends the wait of a running service. */
  private static final class Stop {
    private final CountDownLatch asked = new CountDownLatch(1);
    private final Thread starter;
    private boolean waiting;

    Stop(Thread starter) {
      this.starter = starter;
    }

    synchronized void asked() {
      if (isAsked()) {
        // Asked twice: somebody is in a hurry. The journal is built for that.
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
