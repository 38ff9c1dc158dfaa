package io.payhook.intake;

import io.payhook.signature.CertificateFile;
import io.payhook.signature.CertificateUrl;
import io.payhook.signature.Certificates;
import java.io.IOException;
import java.net.URI;
import java.security.cert.CertificateException;
import java.security.cert.TrustAnchor;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Caches the certificates that platforms sign with, in memory, and fetches a new one in the
 * background when a request names it.
 *
 * <p>Anyone can name one, before anything is known about the sender. So at most {@link
 * #MOST_PENDING} are being fetched or remembered as failed at a time, and a failure is remembered
 * for a minute; trusted certificates have room of their own, which others cannot take.
 */
public final class CertificateStore implements Certificates {
  private static final Logger LOG = LoggerFactory.getLogger(CertificateStore.class);

  static final int MOST_PENDING = 16;
  static final int MOST_TRUSTED = 32;
  private static final Duration PENDING = Duration.ofMinutes(1);

  /** Fetches a certificate file. */
  interface Source {
    /**
     * The file.
     *
     * @throws IOException if there is no answer now; there may be one later
     * @throws CertificateException if the answer is that there is none
     */
    byte[] get(URI url) throws IOException, CertificateException, InterruptedException;
  }

  private record Pending(Answer answer, Instant until) {}

  private final Source source;
  private final Supplier<Set<TrustAnchor>> anchors;
  private final Clock clock;
  private final Executor executor;

  /** Guarded by this, like the other map; the lock is never held while waiting. */
  private final Map<CertificateUrl, Pending> pending = new HashMap<>();

  private final Map<CertificateUrl, Trusted> trusted =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<CertificateUrl, Trusted> eldest) {
          return size() > MOST_TRUSTED;
        }
      };

  /** For a service: fetches over HTTPS in the background, and trusts Java's own trust store. */
  public static CertificateStore inBackground(Clock clock) {
    return new CertificateStore(
        new HttpsCertificates(),
        new DefaultAnchors(),
        clock,
        task -> {
          Thread thread = new Thread(task, "payhook-certificate");
          thread.setDaemon(true);
          thread.start();
        });
  }

  /** For a command: the same, but the caller waits for the certificate. */
  public static CertificateStore atOnce(Clock clock) {
    return new CertificateStore(
        new HttpsCertificates(), new DefaultAnchors(), clock, Runnable::run);
  }

  /**
   * @param anchors trusted issuers; read with the first certificate
   * @param executor where certificates are fetched
   */
  CertificateStore(
      Source source, Supplier<Set<TrustAnchor>> anchors, Clock clock, Executor executor) {
    this.source = source;
    this.anchors = anchors;
    this.clock = clock;
    this.executor = executor;
  }

  @Override
  public Answer at(CertificateUrl url) {
    Answer known = knownOrBegun(url);
    if (known != null) {
      return known;
    }
    executor.execute(() -> fetch(url));
    Answer now = knownOrBegun(url);
    return now == null ? awaited(url) : now;
  }

  /** Null if it is now up to the caller to fetch it. */
  private synchronized @Nullable Answer knownOrBegun(CertificateUrl url) {
    Instant now = clock.instant();
    Trusted kept = trusted.get(url);
    if (kept != null && now.isBefore(kept.until())) {
      return kept;
    }
    trusted.remove(url);
    pending.values().removeIf(each -> !now.isBefore(each.until));
    Pending waiting = pending.get(url);
    if (waiting != null) {
      return waiting.answer;
    }
    if (pending.size() >= MOST_PENDING) {
      return new Awaited(
          "the certificate at "
              + url
              + " is fetched when fewer others are: "
              + MOST_PENDING
              + " are on their way or have failed within a minute");
    }
    // Expires by itself if it is never completed.
    pending.put(url, new Pending(awaited(url), now.plus(PENDING)));
    return null;
  }

  private static Awaited awaited(CertificateUrl url) {
    return new Awaited("the certificate at " + url + " is on its way");
  }

  private void fetch(CertificateUrl url) {
    Answer answer = answer(url);
    Instant now = clock.instant();
    synchronized (this) {
      if (answer instanceof Trusted certificate) {
        pending.remove(url);
        trusted.put(url, certificate);
      } else {
        pending.put(url, new Pending(answer, now.plus(PENDING)));
      }
    }
  }

  private Answer answer(CertificateUrl url) {
    try {
      Trusted certificate =
          CertificateFile.read(url, source.get(url.url()), anchors.get(), clock.instant());
      LOG.info(
          "The certificate at {} is one of the platform's, {}: requests signed with it are accepted until {}.",
          url,
          certificate.label(),
          certificate.until());
      return certificate;
    } catch (CertificateException e) {
      LOG.warn(
          "SIGNATURE: the certificate at {}, which a request names, is not trusted: {}. "
              + "Requests that name it are refused; it is checked again in a minute.",
          url,
          e.getMessage());
      return new NotTrusted(String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Awaited("the certificate at " + url + " was not waited for");
    } catch (IOException | RuntimeException e) {
      LOG.warn(
          "The certificate at {}, which a request names, can't be fetched: {}. Requests "
              + "that name it are answered 503; the next try is in a minute.",
          url,
          e.toString());
      return new Awaited("the certificate at " + url + " can't be fetched: " + e.getMessage());
    }
  }
}
