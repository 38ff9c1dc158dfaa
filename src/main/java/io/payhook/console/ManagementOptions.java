package io.payhook.console;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * Address and access token of the management port.
 *
 * @param host address to bind, {@code 127.0.0.1} by default ({@code camel.management.host})
 * @param port 0 picks a free one ({@code camel.management.port})
 * @param token bearer token required with every request, null or blank for none; required for any
 *     address but loopback ({@code payhook.management.token})
 */
public record ManagementOptions(String host, int port, @Nullable String token) {
  public ManagementOptions {
    token = token == null || token.isBlank() ? null : token.strip();
  }

  /** Whether only this machine can reach it. */
  boolean loopback() throws UnknownHostException {
    return InetAddress.getByName(host).isLoopbackAddress();
  }

  @Override
  public String toString() {
    return host + ":" + port + (token == null ? "" : " with a token");
  }
}
