package io.payhook.routes;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.Consumer;
import org.apache.camel.EndpointAware;
import org.apache.camel.Route;
import org.apache.camel.Service;
import org.apache.camel.component.kamelet.KameletEndpoint;
import org.apache.camel.model.BeanFactoryDefinition;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteConfigurationDefinition;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.RouteTemplateDefinition;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.apache.camel.support.service.ServiceHelper;
import org.jspecify.annotations.Nullable;

/** What one file has made in a Camel context, so that it can be taken away again. */
final class Made {
  /** How long the last exchanges of a route that takes no new ones may need. */
  private static final Duration QUIET = Duration.ofSeconds(5);

  private final List<RouteDefinition> routes = new ArrayList<>();
  private final List<RouteTemplateDefinition> templates = new ArrayList<>();
  private final List<RouteConfigurationDefinition> configurations = new ArrayList<>();
  private final Map<String, BeanFactoryDefinition<?>> beans = new TreeMap<>();

  private final Path file;
  private final String text;

  private Made(Path file, String text) {
    this.file = file;
    this.text = text;
  }

  /**
   * Loads a file into a started context; when it can't be used, everything of it but its beans is
   * taken away again.
   *
   * @param file names the routes' source, to which their SQL and templates are relative
   * @param text what is loaded, whatever the file holds by now
   */
  static Made in(CamelContext context, Path file, String text) throws Exception {
    Model model = model(context);
    Set<Object> before = Collections.newSetFromMap(new IdentityHashMap<>());
    before.addAll(model.getRouteDefinitions());
    before.addAll(model.getRouteTemplateDefinitions());
    before.addAll(model.getRouteConfigurationDefinitions());
    before.addAll(model.getCustomBeans());
    Made made = new Made(file, text);
    try {
      Resource resource =
          ResourceHelper.fromBytes(
              "file:" + file.toAbsolutePath(), text.getBytes(StandardCharsets.UTF_8));
      PluginHelper.getRoutesLoader(context).loadRoutes(resource);
      made.collect(model, before);
      return made;
    } catch (Exception e) {
      made.collect(model, before);
      made.removeFrom(context);
      throw e;
    }
  }

  private void collect(Model model, Set<Object> before) {
    for (RouteDefinition route : model.getRouteDefinitions()) {
      if (!before.contains(route) && !isKamelet(route)) {
        routes.add(route);
      }
    }
    for (RouteTemplateDefinition template : model.getRouteTemplateDefinitions()) {
      // A kamelet that was loaded on the way belongs to all who call it.
      if (!before.contains(template) && !isKamelet(template)) {
        templates.add(template);
      }
    }
    for (RouteConfigurationDefinition configuration : model.getRouteConfigurationDefinitions()) {
      if (!before.contains(configuration)) {
        configurations.add(configuration);
      }
    }
    for (BeanFactoryDefinition<?> bean : model.getCustomBeans()) {
      if (!before.contains(bean)) {
        beans.put(bean.getName(), bean);
      }
    }
  }

  private static boolean isKamelet(RouteDefinition route) {
    return Boolean.TRUE.equals(route.isKamelet());
  }

  private static boolean isKamelet(RouteTemplateDefinition template) {
    Resource resource = template.getResource();
    return resource != null && resource.getLocation().endsWith(".kamelet.yaml");
  }

  Set<String> routeIds() {
    Set<String> ids = new TreeSet<>();
    routes.forEach(route -> ids.add(route.getRouteId()));
    return ids;
  }

  /** Everything it made, as its file calls it. */
  Set<String> names() {
    Set<String> names = new TreeSet<>(routeIds());
    names.addAll(templateIds());
    names.addAll(beans.keySet());
    return names;
  }

  Set<String> beanNames() {
    return beans.keySet();
  }

  /** Whether routes of other files may be built on what this file says. */
  boolean isShared() {
    return !templates.isEmpty() || !configurations.isEmpty();
  }

  boolean configuresRoutes() {
    return !configurations.isEmpty();
  }

  Set<String> templateIds() {
    Set<String> ids = new TreeSet<>();
    templates.forEach(template -> ids.add(template.getId()));
    return ids;
  }

  /** Whether one of its routes takes HTTP requests. */
  boolean takesRequests() {
    return routes.stream()
        .anyMatch(
            route ->
                route.getInput() != null
                    && String.valueOf(route.getInput().getEndpointUri())
                        .startsWith("platform-http:"));
  }

  /**
   * The endpoints it declares, made anew with the placeholders' values of now.
   *
   * @throws IllegalArgumentException for a placeholder without a value
   */
  Map<String, DeclaredEndpoint> endpoints(CamelContext context) {
    return DeclaredEndpoint.of(file, text, context::resolvePropertyPlaceholders);
  }

  /**
   * Stops what starts its routes, and waits until what they run has finished; new deliveries wait
   * in the journal.
   */
  void stopDeliveries(CamelContext context) {
    for (String id : routeIds()) {
      Route route = context.getRoute(id);
      if (route != null && route.getEndpoint().getEndpointUri().startsWith("event:")) {
        Consumer consumer = route.getConsumer();
        // Not through the route controller, which would hold the whole context meanwhile.
        ServiceHelper.stopService(consumer);
      }
    }
  }

  /** Takes everything away but the beans, which the next version may replace in place. */
  void removeFrom(CamelContext context) throws Exception {
    Model model = model(context);
    for (RouteDefinition route : routes) {
      awaitQuiet(context, route.getRouteId());
      model.removeRouteDefinition(route);
    }
    for (RouteTemplateDefinition template : templates) {
      model.removeRouteTemplateDefinition(template);
    }
    model.getRouteConfigurationDefinitions().removeAll(configurations);
  }

  /** Camel would look only once a second whether the last exchange is gone. */
  private static void awaitQuiet(CamelContext context, String id) throws InterruptedException {
    long end = System.nanoTime() + QUIET.toNanos();
    while (context.getInflightRepository().size(id) > 0 && System.nanoTime() < end) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  /** Takes those of its beans away that nobody has bound anew. */
  void removeBeansFrom(CamelContext context, Collection<String> except) {
    for (String name : beans.keySet()) {
      if (!except.contains(name)) {
        context.getRegistry().unbind(name);
        model(context).getCustomBeans().removeIf(bean -> name.equals(bean.getName()));
      }
    }
  }

  /** Forgets a kamelet, so that the next route that calls it makes it anew. */
  static void forgetKamelet(CamelContext context, String name) throws Exception {
    Model model = model(context);
    RouteTemplateDefinition template = model.getRouteTemplateDefinition(name);
    if (template != null) {
      model.removeRouteTemplateDefinition(template);
    }
  }

  /** The Camel endpoints that its routes use, while they are there. */
  Set<org.apache.camel.Endpoint> uses(CamelContext context) {
    Set<org.apache.camel.Endpoint> used = Collections.newSetFromMap(new IdentityHashMap<>());
    for (String id : routeIds()) {
      used.addAll(uses(context.getRoute(id)));
    }
    return used;
  }

  private static Set<org.apache.camel.Endpoint> uses(@Nullable Route route) {
    Set<org.apache.camel.Endpoint> used = Collections.newSetFromMap(new IdentityHashMap<>());
    if (route != null) {
      used.add(route.getEndpoint());
      for (Service service : route.getServices()) {
        for (Service child : ServiceHelper.getChildServices(service)) {
          if (child instanceof EndpointAware aware && aware.getEndpoint() != null) {
            used.add(aware.getEndpoint());
          }
        }
      }
    }
    return used;
  }

  /**
   * Removes what was used by routes that are gone and is used by none that are there: Camel
   * endpoints, and the routes that kamelets made for them.
   */
  static void sweep(CamelContext context, Set<org.apache.camel.Endpoint> leftovers)
      throws Exception {
    Model model = model(context);
    boolean removed = true;
    while (removed) {
      removed = false;
      Set<org.apache.camel.Endpoint> used = Collections.newSetFromMap(new IdentityHashMap<>());
      context.getRoutes().forEach(route -> used.addAll(uses(route)));
      for (org.apache.camel.Endpoint endpoint : leftovers) {
        if (!used.contains(endpoint)) {
          context.removeEndpoint(endpoint);
        }
      }
      Set<String> called = new TreeSet<>();
      for (org.apache.camel.Endpoint endpoint : context.getEndpoints()) {
        if (endpoint instanceof KameletEndpoint kamelet && !isInside(kamelet)) {
          called.add(kamelet.getRouteId());
        }
      }
      for (RouteDefinition route : List.copyOf(model.getRouteDefinitions())) {
        String id = route.getRouteId();
        if (isKamelet(route) && !called.contains(id)) {
          leftovers.addAll(uses(context.getRoute(id)));
          model.removeRouteDefinition(route);
          for (org.apache.camel.Endpoint endpoint : context.getEndpoints()) {
            if (endpoint instanceof KameletEndpoint kamelet && id.equals(kamelet.getRouteId())) {
              leftovers.add(endpoint);
            }
          }
          removed = true;
        }
      }
    }
  }

  /** Whether it is how a kamelet names its own beginning or end, not a call from outside. */
  private static boolean isInside(KameletEndpoint endpoint) {
    return endpoint.getEndpointUri().matches("kamelet:(//)?(source|sink)(\\?.*)?");
  }

  private static Model model(CamelContext context) {
    return context.getCamelContextExtension().getContextPlugin(Model.class);
  }
}
