package io.payhook.routes;

import io.payhook.Endpoint;
import io.payhook.intake.ActiveEndpoint;
import io.payhook.intake.Endpoints;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.Secret;
import io.payhook.signature.Verifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the integration team's files: every {@code *.camel.yaml} under the routes folder, and the
 * endpoints they declare.
 */
public final class RouteFiles {
  private static final Logger LOG = LoggerFactory.getLogger(RouteFiles.class);
  private static final String SUFFIX = ".camel.yaml";

  private final CamelContext context;
  private final Path root;
  private final Providers providers;
  private final Endpoints endpoints;
  private final Clock clock;

  public RouteFiles(
      CamelContext context, Path root, Providers providers, Endpoints endpoints, Clock clock) {
    this.context = context;
    this.root = root;
    this.providers = providers;
    this.endpoints = endpoints;
    this.clock = clock;
  }

  /** The route files under a folder, integrations first and the intake route last. */
  public static List<Path> in(Path root) throws RouteFileException {
    if (!Files.isDirectory(root)) {
      throw new RouteFileException(
          List.of(
              root
                  + ": there is no such folder; it should hold the route files, or set payhook.routes to the one that does"));
    }
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(
              file -> file.getFileName().toString().endsWith(SUFFIX) && Files.isRegularFile(file))
          .sorted(
              Comparator.comparing((Path file) -> root.equals(file.getParent()))
                  .thenComparing(file -> file))
          .toList();
    } catch (IOException e) {
      throw new RouteFileException(List.of(root + ": can't be read: " + e.getMessage()));
    }
  }

  /** Folders below the routes folder that bring tables of their own, by the integration's name. */
  public static Map<String, Path> schemas(Path root) throws RouteFileException {
    Map<String, Path> schemas = new TreeMap<>();
    for (Path file : in(root)) {
      Path schema = file.resolveSibling("sql/schema");
      if (Files.isDirectory(schema)) {
        schemas.put(schema.getName(schema.getNameCount() - 3).toString(), schema);
      }
    }
    return schemas;
  }

  /**
   * Loads all files; when one can't be used, none of the problems is left unsaid.
   *
   * @throws RouteFileException with every problem found
   */
  public void load() throws RouteFileException {
    List<String> problems = new ArrayList<>();
    for (Path file : in(root)) {
      try {
        Resource resource =
            PluginHelper.getResourceLoader(context)
                .resolveResource("file:" + file.toAbsolutePath());
        PluginHelper.getRoutesLoader(context).loadRoutes(resource);
        LOG.debug("loaded {}", file);
      } catch (Exception e) {
        problems.add(file + ": " + innermost(e));
        LOG.debug("{}", file, e);
      }
    }
    openEndpoints(problems);
    if (!problems.isEmpty()) {
      throw new RouteFileException(problems);
    }
  }

  private void openEndpoints(List<String> problems) {
    Map<String, Endpoint> beans = context.getRegistry().findByTypeWithName(Endpoint.class);
    for (Map.Entry<String, Endpoint> bean : new TreeMap<>(beans).entrySet()) {
      String name = bean.getKey();
      try {
        endpoints.put(open(name, bean.getValue(), providers, clock));
      } catch (ProviderException e) {
        e.problems().forEach(problem -> problems.add("endpoint " + name + ": " + problem));
      } catch (IllegalArgumentException e) {
        problems.add("endpoint " + name + ": " + e.getMessage());
      }
    }
  }

  /** Makes a verifier of what a file says; fails closed when there is no secret. */
  static ActiveEndpoint open(String name, Endpoint bean, Providers providers, Clock clock) {
    if (bean.getProvider() == null) {
      throw new IllegalArgumentException(
          "has no provider; 'provider: echezona' would be one, see 'payhook providers'");
    }
    Provider provider = providers.get(bean.getProvider()).with(bean.settings());
    List<Secret> secrets = Secret.parse(bean.getSecrets());
    // Fails closed: events that must be confirmed need the key of the platform's API.
    provider.confirmation();
    return new ActiveEndpoint(name, provider, secrets, new Verifier(provider, secrets, clock));
  }

  private static String innermost(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    String message =
        cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return message.replaceAll("\\s+", " ").strip();
  }
}
