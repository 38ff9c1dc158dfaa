package io.payhook.signature;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Where a request says that the certificate of its signer is: a file on one of the hosts that the
 * endpoint trusts for it. There is none for any other URL, so whoever holds one may fetch it.
 *
 * @param url over https, on the default port, with a plain path and nothing behind it; written in
 *     one way only, so that equal ones are one
 * @param hosts that may hold certificates and that they may be for, each with its subdomains
 */
public record CertificateUrl(URI url, List<String> hosts) {
  private static final int LONGEST = 500;
  private static final Pattern HOST =
      Pattern.compile("([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z][a-z0-9-]*[a-z0-9]");
  private static final Pattern PATH = Pattern.compile("(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+");

  public CertificateUrl {
    hosts = List.copyOf(hosts);
    url = canonical(url, hosts);
  }

  /**
   * @throws IllegalArgumentException whose message says why nothing is fetched from there
   */
  static CertificateUrl of(String text, List<String> hosts) {
    if (text.length() > LONGEST) {
      throw new IllegalArgumentException("has more than " + LONGEST + " characters");
    }
    try {
      return new CertificateUrl(new URI(text), hosts);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("is not a URL", e);
    }
  }

  private static URI canonical(URI url, List<String> hosts) {
    if (!"https".equalsIgnoreCase(url.getScheme())) {
      throw new IllegalArgumentException("is not over https");
    }
    String host = url.getHost() == null ? "" : url.getHost().toLowerCase(Locale.ROOT);
    if (!isOf(hosts, host)) {
      throw new IllegalArgumentException("is on none of the hosts " + String.join(", ", hosts));
    }
    String authority = url.getRawAuthority().toLowerCase(Locale.ROOT);
    if (!authority.equals(host) && !authority.equals(host + ":443")) {
      throw new IllegalArgumentException("names a user or a port");
    }
    String path = url.getRawPath();
    boolean plain = url.getRawQuery() == null && url.getRawFragment() == null;
    if (!plain || !PATH.matcher(path).matches()) {
      throw new IllegalArgumentException("is not that of a file: only a plain path may follow");
    }
    return URI.create("https://" + host + path);
  }

  /** Whether a text can be the name of a host with subdomains. */
  static boolean isHost(String text) {
    return HOST.matcher(text).matches();
  }

  /** Whether a host is one of those that certificates may be for. */
  boolean trusts(String host) {
    return isOf(hosts, host.toLowerCase(Locale.ROOT));
  }

  private static boolean isOf(List<String> hosts, String host) {
    return hosts.stream().anyMatch(each -> host.equals(each) || host.endsWith("." + each));
  }

  @Override
  public String toString() {
    return url.toString();
  }
}
