package io.payhook.tools.routetest;

import io.payhook.delivery.EventComponent;
import io.payhook.effects.mail.MailSender;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.Component;
import org.apache.camel.Endpoint;
import org.apache.camel.ExtendedCamelContext;
import org.apache.camel.component.file.FileEndpoint;
import org.apache.camel.component.http.HttpEndpoint;
import org.apache.camel.component.jdbc.JdbcEndpoint;
import org.apache.camel.component.mail.MailEndpoint;
import org.apache.camel.impl.engine.DefaultComponentResolver;
import org.apache.camel.spi.ComponentResolver;
import org.apache.camel.spi.Registry;
import org.apache.camel.spi.Resource;
import org.apache.camel.spi.ResourceLoader;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.util.URISupport;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the routes of a test inside the service. Only components that are known to stay there are
 * made at all; of the others, those over HTTP, to databases and to files are given other far ends,
 * and all the rest have a {@link StandComponent}.
 */
final class Inside {
  /** Components that reach nothing but this process. */
  private static final Set<String> HERE =
      Set.of(
          EventComponent.class.getName(),
          "org.apache.camel.component.bean.BeanComponent",
          "org.apache.camel.component.beanclass.ClassComponent",
          "org.apache.camel.component.browse.BrowseComponent",
          "org.apache.camel.component.dataformat.DataFormatComponent",
          "org.apache.camel.component.direct.DirectComponent",
          "org.apache.camel.component.freemarker.FreemarkerComponent",
          "org.apache.camel.component.jolt.JoltComponent",
          "org.apache.camel.component.jslt.JsltComponent",
          "org.apache.camel.component.jsonata.JsonataComponent",
          "org.apache.camel.component.jsonvalidator.JsonValidatorComponent",
          "org.apache.camel.component.kamelet.KameletComponent",
          "org.apache.camel.component.language.LanguageComponent",
          "org.apache.camel.component.log.LogComponent",
          "org.apache.camel.component.micrometer.MicrometerComponent",
          "org.apache.camel.component.mock.MockComponent",
          "org.apache.camel.component.mustache.MustacheComponent",
          "org.apache.camel.component.platform.http.PlatformHttpComponent",
          "org.apache.camel.component.ref.RefComponent",
          "org.apache.camel.component.seda.SedaComponent",
          "org.apache.camel.component.stringtemplate.StringTemplateComponent",
          "org.apache.camel.component.stub.StubComponent",
          "org.apache.camel.component.validator.ValidatorComponent",
          "org.apache.camel.component.velocity.VelocityComponent",
          "org.apache.camel.component.xslt.XsltComponent");

  /** Components whose endpoints are looked at one by one. */
  private static final Set<String> LOOKED_AT =
      Set.of(
          "org.apache.camel.component.file.FileComponent",
          "org.apache.camel.component.http.HttpComponent",
          "org.apache.camel.component.jdbc.JdbcComponent",
          "org.apache.camel.component.mail.MailComponent");

  /** What a step may say of a file without leaving the endpoint's folder. */
  private static final Set<String> FILE_OPTIONS =
      Set.of("fileName", "fileExist", "charset", "appendChars", "autoCreate", "allowNullBody");

  private static final Set<String> READ_FROM =
      Set.of("classpath", "file", "base64", "gzip", "mem", "ref", "bean", "string");

  private final Outside outside;
  private final HttpStand http;
  private final Databases databases;
  private final Path folder;

  /**
   * @param folder of the test's own, in which files may be written
   */
  Inside(Outside outside, HttpStand http, Databases databases, Path folder) {
    this.outside = outside;
    this.http = http;
    this.databases = databases;
    this.folder = folder.toAbsolutePath().normalize();
  }

  /** Shuts a context in that has no component and no bean of a route file yet. */
  void shut(CamelContext context) {
    ExtendedCamelContext extension = context.getCamelContextExtension();
    extension.addContextPlugin(ComponentResolver.class, this::component);
    extension.addContextPlugin(
        ResourceLoader.class, new LocalResources(PluginHelper.getResourceLoader(context)));
    extension.registerEndpointCallback((uri, endpoint) -> endpoint(context, endpoint));
    extension.setRegistry(registry(context.getRegistry()));
  }

  private @Nullable Component component(String name, CamelContext context) throws Exception {
    Class<?> type =
        context
            .getCamelContextExtension()
            .getFactoryFinder(DefaultComponentResolver.RESOURCE_PATH)
            .findClass(name)
            .orElse(null);
    return type == null || staysHere(type)
        ? new DefaultComponentResolver().resolveComponent(name, context)
        : new StandComponent(outside);
  }

  private static boolean staysHere(Class<?> component) {
    return HERE.contains(component.getName()) || LOOKED_AT.contains(component.getName());
  }

  private Endpoint endpoint(CamelContext context, Endpoint endpoint) {
    if (endpoint instanceof HttpEndpoint call) {
      http.cover(call);
    } else if (endpoint instanceof JdbcEndpoint query) {
      return database(context, query);
    } else if (endpoint instanceof MailEndpoint mail && !isOwn(mail)) {
      return new StandEndpoint(
          mail.getEndpointUri(), mail.getComponent(), outside, "send with kamelet:email-sink");
    } else if (endpoint instanceof FileEndpoint file && !isOwn(file)) {
      return new StandEndpoint(
          file.getEndpointUri(),
          file.getComponent(),
          outside,
          "write below {{payhook.data}}, which in a test is a folder of its own");
    }
    return endpoint;
  }

  private Endpoint database(CamelContext context, JdbcEndpoint query) {
    DataSource source = query.getDataSource();
    if (source == context.getRegistry().lookupByName("payhook")) {
      return query;
    }
    String remedy = "";
    if (source instanceof Databases.Copy copy) {
      remedy = copy.missing();
      if (remedy.isEmpty()) {
        return query;
      }
    }
    return new StandEndpoint(query.getEndpointUri(), query.getComponent(), outside, remedy);
  }

  /**
   * Whether it sends by Payhook's own sender, as email-sink does; the test's server is behind it.
   */
  private static boolean isOwn(MailEndpoint mail) {
    return mail.getConfiguration().getJavaMailSender() instanceof MailSender
        && mail.getConfiguration().getProtocol().startsWith("smtp");
  }

  private boolean isOwn(FileEndpoint file) {
    try {
      Map<String, Object> options =
          URISupport.parseQuery(URISupport.extractQuery(file.getEndpointUri()));
      return file.getFile().toPath().toAbsolutePath().normalize().startsWith(folder)
          && file.isJailStartingDirectory()
          && FILE_OPTIONS.containsAll(options.keySet());
    } catch (URISyntaxException e) {
      return false;
    }
  }

  /** Binds no bean that could lead outside. */
  private Registry registry(Registry behind) {
    Set<Class<?>> faces = new LinkedHashSet<>();
    for (Class<?> type = behind.getClass(); type != null; type = type.getSuperclass()) {
      faces.addAll(List.of(type.getInterfaces()));
    }
    return (Registry)
        Proxy.newProxyInstance(
            Inside.class.getClassLoader(),
            faces.toArray(Class<?>[]::new),
            (self, method, arguments) -> {
              Object[] given = arguments;
              if (method.getName().startsWith("bind") && arguments != null) {
                given = harmless(arguments, method.getParameterTypes());
              }
              try {
                return method.invoke(behind, given);
              } catch (InvocationTargetException e) {
                throw e.getCause() == null ? e : e.getCause();
              }
            });
  }

  /** The same binding, with a stand-in for a bean that leads outside. */
  private Object[] harmless(Object[] binding, Class<?>[] types) {
    Object[] changed = binding.clone();
    String name = String.valueOf(binding[0]);
    boolean replaced = false;
    for (int i = 1; i < binding.length; i++) {
      if (types[i] == Supplier.class && binding[i] instanceof Supplier<?> late) {
        changed[i] = (Supplier<Object>) () -> standIn(name, late.get());
      } else {
        changed[i] = standIn(name, binding[i]);
        replaced |= changed[i] != binding[i];
      }
    }
    for (int i = 1; replaced && i < changed.length; i++) {
      if (changed[i] instanceof String) {
        // Its own methods for the beginning and the end are none of the stand-in's.
        changed[i] = null;
      } else if (changed[i] instanceof Class<?> type && !type.isInterface()) {
        changed[i] = DataSource.class.isAssignableFrom(type) ? DataSource.class : Object.class;
      }
    }
    return changed;
  }

  private @Nullable Object standIn(String name, @Nullable Object bean) {
    if (bean instanceof DataSource && !(bean instanceof Databases.Copy)) {
      return databases.of(name);
    }
    if (bean instanceof Component component && !staysHere(component.getClass())) {
      return new StandComponent(outside);
    }
    if (bean instanceof Endpoint endpoint
        && endpoint.getComponent() != null
        && !HERE.contains(endpoint.getComponent().getClass().getName())) {
      return new StandEndpoint(endpoint.getEndpointUri(), null, outside, "");
    }
    return bean;
  }

  /** Reads scripts, templates and routes of this machine alone. */
  private static final class LocalResources implements ResourceLoader {
    private final ResourceLoader behind;

    LocalResources(ResourceLoader behind) {
      this.behind = behind;
    }

    @Override
    public Resource resolveResource(String uri) {
      int colon = uri.indexOf(':');
      if (colon > 0 && !READ_FROM.contains(uri.substring(0, colon))) {
        throw new IllegalArgumentException(
            uri.replaceFirst("\\?.*$", "")
                + " would be read from outside, which a test must not reach; a file beside the"
                + " route is right");
      }
      return behind.resolveResource(uri);
    }

    @Override
    public CamelContext getCamelContext() {
      return behind.getCamelContext();
    }

    @Override
    public void setCamelContext(CamelContext context) {
      behind.setCamelContext(context);
    }
  }
}
