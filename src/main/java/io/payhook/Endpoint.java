package io.payhook;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.spi.PropertyConfigurer;
import org.apache.camel.spi.PropertyConfigurerGetter;
import org.jspecify.annotations.Nullable;

/**
 * One URL for one account of one provider, as a bean of a route file: its name is the last part of
 * {@code /webhooks/{name}}.
 *
 * <pre>{@code
 * - beans:
 *     - name: payments
 *       type: io.payhook.Endpoint
 *       properties:
 *         provider: echezona
 *         secrets: "{{env:PAYMENTS_WEBHOOK_SECRET}}"
 *         signature.header: X-Signature     # any setting of the preset
 * }</pre>
 *
 * <p>This class only carries what the file says; the names are checked against the provider's
 * grammar when the endpoint is opened.
 */
public final class Endpoint {
  private final Section settings = new Section();
  private @Nullable String provider;
  private String secrets = "";

  /** Name of the preset, or null when the file gives none. */
  public @Nullable String getProvider() {
    return provider;
  }

  public void setProvider(String provider) {
    this.provider = provider;
  }

  /** One or several secrets, separated by commas. */
  public String getSecrets() {
    return secrets;
  }

  public void setSecrets(String secrets) {
    this.secrets = secrets;
  }

  /** What the file sets beyond provider and secrets, by dotted name. */
  public Map<String, String> settings() {
    Map<String, String> flat = new LinkedHashMap<>();
    settings.flatten("", flat);
    return flat;
  }

  @Override
  public String toString() {
    return "endpoint of provider " + provider;
  }

  /** A level of dotted names. Camel puts a leaf under the very name the file gives. */
  static final class Section extends LinkedHashMap<String, Object> {
    private static final long serialVersionUID = 1;

    Section section(String name) {
      return (Section) computeIfAbsent(name, key -> new Section());
    }

    void flatten(String prefix, Map<String, String> into) {
      forEach(
          (name, value) -> {
            if (value instanceof Section section) {
              section.flatten(prefix + name + ".", into);
            } else {
              into.put(prefix + name, String.valueOf(value));
            }
          });
    }
  }

  /**
   * Lets Camel's bean binding set names it does not know beforehand. Found by Camel through
   * META-INF/services.
   */
  public static final class Configurer implements PropertyConfigurer, PropertyConfigurerGetter {
    @Override
    public boolean configure(
        CamelContext context, Object target, String name, Object value, boolean ignoreCase) {
      if (target instanceof Endpoint endpoint) {
        switch (name) {
          case "provider" -> endpoint.setProvider(String.valueOf(value));
          case "secrets" -> endpoint.setSecrets(String.valueOf(value));
          default -> endpoint.settings.put(name, value);
        }
        return true;
      }
      return false;
    }

    @Override
    public @Nullable Class<?> getOptionType(String name, boolean ignoreCase) {
      return null;
    }

    @Override
    public @Nullable Object getOptionValue(Object target, String name, boolean ignoreCase) {
      if (target instanceof Endpoint endpoint) {
        return endpoint.settings.section(name);
      }
      return target instanceof Section section ? section.section(name) : null;
    }
  }
}
