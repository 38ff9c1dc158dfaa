package io.payhook.tools.scaffold;

import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import java.util.Locale;

/** The environment variables in which what an endpoint needs is expected. */
public final class Variables {
  private Variables() {}

  /** Of an endpoint's secret. */
  public static String secret(String endpoint, Provider provider) {
    Secret.Kind kind = provider.secretKind();
    return of(endpoint) + (kind == Secret.Kind.SHARED ? "" : "_" + kind) + "_WEBHOOK_SECRET";
  }

  /** Of the key of the platform's API. */
  public static String confirm(String endpoint) {
    return of(endpoint) + "_CONFIRM_SECRET";
  }

  /** Of an endpoint's parameter: a webhook's id, or another value of the account. */
  static String parameter(String endpoint, String parameter) {
    String name = of(endpoint + "-" + parameter);
    return name.endsWith("_WEBHOOK_ID") ? name : name + "_PARAM";
  }

  private static String of(String name) {
    return name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
  }
}
