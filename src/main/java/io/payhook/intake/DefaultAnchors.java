package io.payhook.intake;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.TrustAnchor;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** The issuers in Java's trust store, as used for its own connections. Read when first needed. */
final class DefaultAnchors implements Supplier<Set<TrustAnchor>> {
  private @Nullable Set<TrustAnchor> anchors;

  @Override
  public synchronized Set<TrustAnchor> get() {
    if (anchors == null) {
      anchors = read();
    }
    return anchors;
  }

  private static Set<TrustAnchor> read() {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init((KeyStore) null);
      return Arrays.stream(factory.getTrustManagers())
          .filter(X509TrustManager.class::isInstance)
          .map(X509TrustManager.class::cast)
          .flatMap(manager -> Arrays.stream(manager.getAcceptedIssuers()))
          .map(issuer -> new TrustAnchor(issuer, null))
          .collect(Collectors.toUnmodifiableSet());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java's trusted certificates can't be read", e);
    }
  }
}
