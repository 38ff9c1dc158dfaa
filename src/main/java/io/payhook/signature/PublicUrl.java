package io.payhook.signature;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The URL the sender signed. Behind a proxy that is not the URL this server saw, so it is set, or
 * taken from the headers of a proxy that is trusted.
 *
 * @param fixed the public URL without its query, or null
 * @param forwarded whether the forwarding headers are trusted
 */
public record PublicUrl(@Nullable String fixed, boolean forwarded) {

  /** The URL of a request, with its query. */
  public String of(RawRequest request) {
    String seen = request.url();
    if (fixed != null) {
      int query = seen.indexOf('?');
      return fixed.indexOf('?') >= 0 || query < 0 ? fixed : fixed + seen.substring(query);
    }
    return forwarded ? forwarded(request, seen) : seen;
  }

  private static String forwarded(RawRequest request, String seen) {
    int scheme = seen.indexOf("://");
    int path = seen.indexOf('/', scheme < 0 ? 0 : scheme + 3);
    String proto = scheme < 0 ? "http" : seen.substring(0, scheme);
    String host = scheme < 0 ? "" : seen.substring(scheme + 3, path < 0 ? seen.length() : path);
    String rest = path < 0 ? "" : seen.substring(path);
    String standard = first(request.header("Forwarded"));
    if (standard != null) {
      for (String pair : standard.split(";", -1)) {
        int equals = pair.indexOf('=');
        String name = equals < 0 ? "" : pair.substring(0, equals).strip().toLowerCase(Locale.ROOT);
        String value = equals < 0 ? "" : unquoted(pair.substring(equals + 1).strip());
        if (name.equals("proto")) {
          proto = value;
        } else if (name.equals("host")) {
          host = value;
        }
      }
    }
    String forwardedProto = first(request.header("X-Forwarded-Proto"));
    String forwardedHost = first(request.header("X-Forwarded-Host"));
    String prefix = first(request.header("X-Forwarded-Prefix"));
    if (forwardedProto != null) {
      proto = forwardedProto;
    }
    if (forwardedHost != null) {
      host = forwardedHost;
    }
    return proto + "://" + host + (prefix == null || prefix.equals("/") ? "" : prefix) + rest;
  }

  private static @Nullable String first(@Nullable String list) {
    if (list == null) {
      return null;
    }
    int comma = list.indexOf(',');
    String value = (comma < 0 ? list : list.substring(0, comma)).strip();
    return value.isEmpty() ? null : value;
  }

  private static String unquoted(String text) {
    return text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"")
        ? text.substring(1, text.length() - 1)
        : text;
  }

  /** The URL with its scheme's port written out, or left out. */
  public static String port(String url, boolean shown) {
    int scheme = url.indexOf("://");
    if (scheme < 0) {
      return url;
    }
    int start = scheme + 3;
    int end = start;
    while (end < url.length() && "/?#".indexOf(url.charAt(end)) < 0) {
      end++;
    }
    String authority = url.substring(start, end);
    int colon = authority.lastIndexOf(':');
    boolean has = colon >= 0 && authority.indexOf(']', colon) < 0;
    if (has == shown) {
      return url;
    }
    String changed =
        shown
            ? authority + (url.regionMatches(true, 0, "https", 0, 5) ? ":443" : ":80")
            : authority.substring(0, colon);
    return url.substring(0, start) + changed + url.substring(end);
  }

  /** The URL with the few characters decoded that HubSpot decodes before it signs. */
  static String decoded(String url) {
    if (url.indexOf('%') < 0) {
      return url;
    }
    StringBuilder text = new StringBuilder(url.length());
    for (int i = 0; i < url.length(); i++) {
      char c = url.charAt(i);
      if (c == '%' && i + 2 < url.length()) {
        int code =
            Character.digit(url.charAt(i + 1), 16) * 16 + Character.digit(url.charAt(i + 2), 16);
        if (code > 0 && ":/?@!$'()*,;".indexOf(code) >= 0) {
          text.append((char) code);
          i += 2;
          continue;
        }
      }
      text.append(c);
    }
    return text.toString();
  }
}
