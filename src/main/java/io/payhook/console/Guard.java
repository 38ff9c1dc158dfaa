package io.payhook.console;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sees each request to the management port first.
 *
 * <p>On loopback, the danger is a web page in a browser on this machine: a name that resolves to
 * 127.0.0.1 (DNS rebinding) fails the check of {@code Host}, and a page of another origin can send
 * neither {@code application/json} without a preflight, which is never answered, nor an {@code
 * Origin} of ours. Elsewhere, the danger is the network: nothing is shown without the token but the
 * single word of {@code live} and {@code ready} that probes need.
 */
final class Guard implements Handler<RoutingContext> {
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1");
  private static final Set<String> PROBES = Set.of("/observe/health/live", "/observe/health/ready");
  private static final String TRUSTED = "payhook.trusted";

  private final String host;
  private final boolean loopback;
  private final byte @Nullable [] token;

  Guard(String host, boolean loopback, @Nullable String token) {
    this.host = plain(host);
    this.loopback = loopback;
    this.token = token == null ? null : token.getBytes(StandardCharsets.UTF_8);
  }

  /** Whether the request may see more than a single word. */
  static boolean trusted(RoutingContext context) {
    return Boolean.TRUE.equals(context.get(TRUSTED));
  }

  @Override
  public void handle(RoutingContext context) {
    context
        .response()
        .putHeader("X-Content-Type-Options", "nosniff")
        .putHeader("X-Frame-Options", "DENY")
        .putHeader("Referrer-Policy", "no-referrer")
        .putHeader("Cache-Control", "no-store");
    Problem problem = problem(context);
    if (problem != null) {
      Reply.problem(context, problem);
      return;
    }
    context.next();
  }

  private @Nullable Problem problem(RoutingContext context) {
    HttpServerRequest request = context.request();
    HostAndPort authority = request.authority();
    String named = authority == null ? "" : plain(authority.host());
    if (loopback && !LOOPBACK.contains(named) && !named.equals(host)) {
      return new Problem(
          421,
          "wrong-host",
          null,
          "this port answers to the Host localhost, 127.0.0.1 or "
              + host
              + ", not to '"
              + named
              + "'");
    }
    if (fromAnotherOrigin(request, authority)) {
      return new Problem(
          403, "cross-origin", null, "a page of another origin has no business with this port");
    }
    if (token == null || bears(request, token)) {
      context.put(TRUSTED, true);
    } else if (!PROBES.contains(context.normalizedPath())) {
      return new Problem(
          401,
          "unauthorized",
          null,
          "this port asks for 'Authorization: Bearer TOKEN' with the token that payhook.management.token sets");
    }
    if (bodyIsNotJson(request) && !PROBES.contains(context.normalizedPath())) {
      return new Problem(
          415, "not-json", null, "a body must come with 'Content-Type: application/json'");
    }
    return null;
  }

  private static boolean fromAnotherOrigin(
      HttpServerRequest request, @Nullable HostAndPort authority) {
    String site = request.getHeader("Sec-Fetch-Site");
    boolean navigation = "navigate".equals(request.getHeader("Sec-Fetch-Mode"));
    if (site != null && site.equals("cross-site") && !navigation) {
      return true;
    }
    String origin = request.getHeader("Origin");
    if (origin == null) {
      return false;
    }
    String own = authority == null ? "" : authority.toString();
    return !origin.equalsIgnoreCase("http://" + own) && !origin.equalsIgnoreCase("https://" + own);
  }

  private static boolean bodyIsNotJson(HttpServerRequest request) {
    HttpMethod method = request.method();
    if (method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD)) {
      return false;
    }
    String type = request.getHeader("Content-Type");
    if (type == null) {
      return true;
    }
    int parameters = type.indexOf(';');
    String bare = (parameters < 0 ? type : type.substring(0, parameters)).strip();
    return !bare.equalsIgnoreCase("application/json");
  }

  private static boolean bears(HttpServerRequest request, byte[] token) {
    String authorization = request.getHeader("Authorization");
    if (authorization == null || !authorization.regionMatches(true, 0, "Bearer ", 0, 7)) {
      return false;
    }
    return MessageDigest.isEqual(
        authorization.substring(7).strip().getBytes(StandardCharsets.UTF_8), token);
  }

  private static String plain(String host) {
    String lower = host.toLowerCase(Locale.ROOT);
    return lower.startsWith("[") && lower.endsWith("]")
        ? lower.substring(1, lower.length() - 1)
        : lower;
  }
}
