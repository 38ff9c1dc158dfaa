package io.payhook;

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
 * <p>Camel makes the bean, so that routes and editors know it; its properties are read from the
 * file itself, as they are written there.
 */
public final class Endpoint {

  /** Takes whatever the file says. Found by Camel through META-INF/services. */
  public static final class Configurer implements PropertyConfigurer, PropertyConfigurerGetter {
    @Override
    public boolean configure(
        CamelContext context, Object target, String name, Object value, boolean ignoreCase) {
      return target instanceof Endpoint;
    }

    @Override
    public @Nullable Class<?> getOptionType(String name, boolean ignoreCase) {
      return null;
    }

    @Override
    public Object getOptionValue(Object target, String name, boolean ignoreCase) {
      // What is nested is no bean of its own.
      return target;
    }
  }
}
