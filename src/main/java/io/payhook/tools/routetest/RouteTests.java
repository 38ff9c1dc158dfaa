package io.payhook.tools.routetest;

import io.payhook.files.Tree;
import io.payhook.journal.Migrations;
import io.payhook.kit.Lines;
import io.payhook.postgres.Database;
import io.payhook.routes.Integrations;
import io.payhook.routes.ReloadProblem;
import io.payhook.routes.RouteFileException;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.sql.DataSource;

/**
 * The route tests below a folder. Each runs on a service of its own: the team's routes, databases
 * copied from those that have all tables, and a mail server that keeps what it gets; whatever else
 * would leave the service is kept and answered within it. No test sees another; nothing waits for a
 * retry.
 */
public final class RouteTests {
  private static final String FILE = "tests.yaml";
  private static final String TEMPLATE = "route_tests";

  private final List<RouteTest> tests;

  private RouteTests(List<RouteTest> tests) {
    this.tests = tests;
  }

  /**
   * Reads every {@code tests.yaml} at and below a folder.
   *
   * @throws RouteFileException with every problem, each with its file, line and column
   */
  public static RouteTests in(Path folder) throws RouteFileException {
    List<String> problems = new ArrayList<>();
    List<RouteTest> tests = new ArrayList<>();
    for (Path file : Tree.of(folder).files()) {
      if (String.valueOf(file.getFileName()).equals(FILE)) {
        tests.addAll(TestFile.read(file, ReloadProblem.shown(file), problems));
      }
    }
    if (!problems.isEmpty()) {
      throw new RouteFileException(problems);
    }
    return new RouteTests(tests);
  }

  public int size() {
    return tests.size();
  }

  /** Only the tests whose name contains a text. */
  public RouteTests named(String text) {
    return new RouteTests(tests.stream().filter(test -> test.name().contains(text)).toList());
  }

  /**
   * Runs them, several at once.
   *
   * @param settings makes the settings with some values laid over them
   * @param data a folder for the database, kept for the next time
   * @param jobs how many at once
   */
  public Report run(Function<Map<String, String>, Settings> settings, Path data, int jobs)
      throws RouteFileException, InterruptedException {
    long begin = System.nanoTime();
    List<Report.Result> results = Collections.synchronizedList(new ArrayList<>());
    Path routes = settings.apply(Map.of()).routes();
    Integrations integrationsIn = Integrations.in(routes);
    List<Path> files = integrationsIn.routeFiles();
    List<String> problems = new ArrayList<>();
    Map<String, Path> databases = DatabaseBeans.in(files, problems);
    if (!problems.isEmpty()) {
      throw new RouteFileException(problems);
    }
    List<Path> integrations =
        files.stream().map(file -> file.resolveSibling("")).distinct().toList();
    Set<String> idle = ConcurrentHashMap.newKeySet();
    try (Database database = open(settings, data)) {
      TestServer server = new TestServer(database.url());
      template(server, integrationsIn.schemas(), integrations);
      Existing existing = new Existing(server, integrations);
      HttpClient client =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .connectTimeout(Duration.ofSeconds(5))
              .build();
      ConcurrentLinkedQueue<RouteTest> queue = new ConcurrentLinkedQueue<>(tests);
      AtomicInteger number = new AtomicInteger();
      ExecutorService workers = Executors.newFixedThreadPool(jobs);
      List<Future<?>> working = new ArrayList<>();
      for (int i = 0; i < jobs; i++) {
        working.add(
            workers.submit(
                () -> {
                  for (RouteTest test = queue.poll(); test != null; test = queue.poll()) {
                    results.add(
                        new Run(settings, data, server, existing, databases, client, idle)
                            .of(test, number.incrementAndGet()));
                  }
                }));
      }
      workers.shutdown();
      for (Future<?> worker : working) {
        worker.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
    results.sort(
        Comparator.comparing((Report.Result result) -> result.test().file())
            .thenComparing(result -> result.test().line()));
    return new Report(
        List.copyOf(results),
        List.copyOf(new TreeSet<>(idle)),
        Duration.ofNanos(System.nanoTime() - begin));
  }

  /** The first folder that no other run has taken. */
  private static Database open(Function<Map<String, String>, Settings> settings, Path data) {
    for (int i = 1; ; i++) {
      try {
        return Database.openForgetful(
            settings.apply(
                Map.of(
                    "payhook.data",
                    data.resolve(String.valueOf(i)).toString(),
                    "payhook.profile",
                    "dev",
                    "payhook.database.url",
                    "",
                    "payhook.database.programs",
                    data.resolve("programs").toString())));
      } catch (StartException e) {
        if (i == 8 || !String.valueOf(e.getMessage()).contains("in use")) {
          throw e;
        }
      }
    }
  }

  /** Makes the database that all tests copy. */
  private static void template(
      TestServer server, SortedMap<String, Path> schemas, List<Path> integrations)
      throws RouteFileException {
    DataSource template = server.database(TEMPLATE);
    try {
      server.clean();
      server.create(TEMPLATE);
    } catch (SQLException e) {
      throw new StartException("The tests' database can't be made: " + e.getMessage(), e);
    }
    Migrations.journal(template);
    try (Connection connection = template.getConnection()) {
      for (Path integration : integrations) {
        Existing.run(Existing.scripts(integration.resolve(Existing.FOLDER)), connection);
      }
    } catch (SQLException | IOException e) {
      throw new RouteFileException(List.of(Lines.one(e.getMessage())));
    }
    Migrations.integrations(template, schemas);
  }

  /**
   * What the tests of one run have in common.
   *
   * @param databases the integrations that declare beans of databases, by the beans' names
   * @param idle gets the routes that nothing starts in a test
   */
  private record Run(
      Function<Map<String, String>, Settings> settings,
      Path data,
      TestServer server,
      Existing existing,
      Map<String, Path> databases,
      HttpClient client,
      Set<String> idle) {

    Report.Result of(RouteTest test, int number) {
      long begin = System.nanoTime();
      List<Mismatch> failures;
      String name = TestServer.PREFIX + "_" + number;
      try {
        server.copy(TEMPLATE, name);
        try (Databases others = new Databases(existing, databases, server, name)) {
          failures = run(test, name, others);
        } finally {
          server.drop(name);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        failures = List.of(Mismatch.of("was interrupted"));
      } catch (IllegalArgumentException | StartException | IOException e) {
        failures = List.of(Mismatch.of(String.valueOf(e.getMessage())));
      } catch (Exception e) {
        failures = List.of(Mismatch.of(e.toString()));
      }
      return new Report.Result(test, failures, Duration.ofNanos(System.nanoTime() - begin));
    }

    private List<Mismatch> run(RouteTest test, String database, Databases others) throws Exception {
      Faults faults = new Faults(test.faults());
      Outside outside = new Outside(test.stubs());
      Path folder = Files.createTempDirectory(Files.createDirectories(data.resolve("runs")), "run");
      try (MailStand mails = new MailStand(faults)) {
        Map<String, String> more = new LinkedHashMap<>();
        more.put("payhook.data", folder.toString());
        more.put("payhook.profile", "dev");
        more.put("payhook.routes.reload", "off");
        more.put("payhook.database.url", server.url(database));
        more.put("payhook.database.username", "");
        more.put("payhook.database.password", "");
        more.put("payhook.database.pool-size", "4");
        more.put("payhook.mail.host", "127.0.0.1");
        more.put("payhook.mail.port", String.valueOf(mails.port()));
        more.put("payhook.mail.security", "none");
        more.put("payhook.mail.username", "");
        more.put("payhook.crm.url", HttpStand.CRM);
        more.put("payhook.delivery.poll", "50ms");
        more.put("payhook.shutdown.timeout", "5s");
        more.put("camel.server.host", "127.0.0.1");
        more.put("camel.server.port", "0");
        try (Trial trial =
            new Trial(test, settings.apply(more), folder, faults, mails, outside, others, client)) {
          return trial.run();
        }
      } finally {
        idle.addAll(outside.idle());
        delete(folder);
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
