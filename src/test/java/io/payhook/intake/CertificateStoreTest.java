package io.payhook.intake;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Providers;
import io.payhook.signature.Provider;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Refused;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.signature.TestAuthority;
import io.payhook.signature.Undecided;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import io.payhook.testing.SettableClock;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.TrustAnchor;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PayPal's events, signed with certificates that nobody gave to the endpoint. */
class CertificateStoreTest {
  private static final String AT = "https://api.paypal.com/v1/notifications/certs/";
  private static final String NAME = "CN=messageverificationcerts.paypal.com, O=Example";
  private static final String SAN = "san=dns:messageverificationcerts.paypal.com";
  private static final String BODY =
      "{\"id\":\"WH-1\",\"event_type\":\"PAYMENT.CAPTURE.COMPLETED\",\"resource\":{\"id\":\"C1\"}}";
  private static final Instant SIGNED = Instant.parse("2026-11-23T20:00:00Z");

  private static Set<TrustAnchor> anchors;
  private static Secret first;
  private static Secret second;
  private static String firstChain;
  private static String secondChain;
  private static String byCommonName;
  private static String ofAnother;
  private static String ofAnotherByName;
  private static String notForSignatures;
  private static String selfSigned;

  private final SettableClock clock = new SettableClock();
  private final Provider paypal =
      Providers.shipped().get("paypal").with(Map.of("params.webhook-id", "8PT597110X687430L"));
  private final Map<String, String> files = new HashMap<>();
  private final List<String> fetched = new ArrayList<>();
  private final Map<List<Object>, RawRequest> signed = new HashMap<>();
  private final Deque<Runnable> background = new ArrayDeque<>();
  private CertificateStore store;

  @BeforeAll
  static void issue(@TempDir Path folder) throws Exception {
    TestAuthority authority = new TestAuthority(folder);
    authority.key("first", NAME);
    authority.key("second", NAME);
    anchors = authority.anchors();
    first = authority.secret("first");
    second = authority.secret("second");
    firstChain = authority.chain("first", NAME, SAN);
    secondChain = authority.chain("second", NAME, SAN);
    byCommonName = authority.chain("first", NAME);
    ofAnother = authority.chain("first", "CN=paypal.com.evil.com", "san=dns:paypal.com.evil.com");
    ofAnotherByName = authority.chain("first", NAME, "san=dns:evil.com");
    notForSignatures = authority.chain("first", NAME, SAN, "ku=keyEncipherment");
    selfSigned = authority.selfSigned("first");
  }

  @BeforeEach
  void start() {
    clock.set(SIGNED);
    store = newStore();
  }

  private CertificateStore newStore() {
    return new CertificateStore(this::fetch, () -> anchors, clock, background::add);
  }

  private byte[] fetch(URI url) throws IOException, CertificateException {
    fetched.add(url.toString());
    String file = files.get(url.toString());
    if (file == null) {
      throw new CertificateException("there is none: HTTP 404");
    }
    if (file.equals("down")) {
      throw new IOException("HTTP 503");
    }
    return file.getBytes(StandardCharsets.UTF_8);
  }

  private void inBackground() {
    for (Runnable task = background.poll(); task != null; task = background.poll()) {
      task.run();
    }
  }

  private Verdict verify(String url, Secret signedWith, Secret... pinned) {
    return new Verifier(paypal, List.of(pinned), clock, store).verify(request(url, signedWith));
  }

  /** The address of the certificate is not signed: one signature serves for all. */
  private RawRequest request(String url, Secret signedWith) {
    return signed
        .computeIfAbsent(List.<Object>of(signedWith, clock.instant()), key -> signed(signedWith))
        .withHeader("PAYPAL-CERT-URL", url);
  }

  private RawRequest signed(Secret with) {
    return new Signer(paypal, with, clock)
        .sign(
            new RawRequest(
                "POST",
                "https://shop.example.com/webhooks/paypal",
                List.of(new RawRequest.Header("Content-Type", "application/json")),
                BODY.getBytes(StandardCharsets.UTF_8)),
            "PAYMENT.CAPTURE.COMPLETED");
  }

  private void assertTaken(Verdict verdict) {
    assertThat(verdict).isInstanceOf(VerifiedEvent.class);
  }

  private void assertRefused(Verdict verdict, String reason, String detail) {
    assertThat(verdict)
        .isInstanceOfSatisfying(
            Refused.class,
            refused -> {
              assertThat(refused.category()).isEqualTo(Refused.Category.SIGNATURE);
              assertThat(refused.reason()).isEqualTo(reason);
              assertThat(refused.detail()).contains(detail);
            });
  }

  /** What is said of a file once it was fetched. */
  private Verdict afterFetching(String file) {
    files.put(AT + "one", file);
    assertThat(verify(AT + "one", first)).isInstanceOf(Undecided.class);
    inBackground();
    return verify(AT + "one", first);
  }

  @Test
  void an_event_is_taken_once_its_certificate_has_come() {
    Verdict verdict = afterFetching(firstChain);
    assertTaken(verdict);
    assertThat(((VerifiedEvent) verdict).secretLabel()).matches("certificate-[0-9a-f]{4}");
    assertTaken(verify(AT + "one", first));
    assertThat(fetched).as("fetched once").containsExactly(AT + "one");
  }

  @Test
  void one_fetch_serves_all_who_ask_meanwhile() {
    files.put(AT + "one", firstChain);
    for (int i = 0; i < 20; i++) {
      assertThat(verify(AT + "one", first)).isInstanceOf(Undecided.class);
    }
    assertThat(background).hasSize(1);
  }

  @Test
  void a_pinned_certificate_counts_first_and_nothing_is_fetched() {
    assertTaken(verify(AT + "one", first, Secret.of(firstChain)));
    assertThat(background).isEmpty();
  }

  @Test
  void a_new_certificate_counts_beside_the_pinned_one_and_beside_the_old() {
    files.put(AT + "one", firstChain);
    files.put(AT + "two", secondChain);
    assertThat(verify(AT + "two", second, Secret.of(firstChain))).isInstanceOf(Undecided.class);
    inBackground();
    assertTaken(verify(AT + "two", second, Secret.of(firstChain)));
    assertTaken(verify(AT + "one", first, Secret.of(firstChain)));
    assertThat(verify(AT + "one", first)).isInstanceOf(Undecided.class);
    inBackground();
    assertTaken(verify(AT + "one", first));
    assertTaken(verify(AT + "two", second));
    assertRefused(verify(AT + "one", second), "wrong-signature", "another secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://evil.com/certs/one",
        "https://paypal.com.evil.com/certs/one",
        "http://api.paypal.com/certs/one",
        "https://api.paypal.com@evil.com/certs/one",
        "https://user@api.paypal.com/certs/one",
        "https://api.paypal.com:8443/certs/one",
      })
  void a_certificate_from_elsewhere_is_refused_and_never_fetched(String url) {
    files.put(url, firstChain);
    assertRefused(verify(url, first), "untrusted-certificate-url", "the URL of the certificate");
    assertThat(background).isEmpty();
    assertThat(fetched).isEmpty();
  }

  @Test
  void a_request_that_names_none_is_refused() {
    RawRequest request = request(AT + "one", first).withoutHeader("PAYPAL-CERT-URL");
    assertRefused(
        new Verifier(paypal, List.of(), clock, store).verify(request),
        "missing-certificate-url",
        "names no certificate");
  }

  @Test
  void a_request_that_is_not_whole_has_nothing_fetched() {
    RawRequest request = request(AT + "one", first).withoutHeader("PAYPAL-TRANSMISSION-ID");
    assertRefused(
        new Verifier(paypal, List.of(), clock, store).verify(request),
        "missing-header",
        "PAYPAL-TRANSMISSION-ID");
    assertThat(background).isEmpty();
  }

  @Test
  void a_certificate_may_have_its_host_as_common_name_alone() {
    assertTaken(afterFetching(byCommonName));
  }

  @Test
  void one_for_another_host_is_not_trusted() {
    assertRefused(
        afterFetching(ofAnother),
        "untrusted-certificate",
        "it is for paypal.com.evil.com, not for a host of paypal.com");
  }

  @Test
  void one_whose_list_of_hosts_is_anothers_is_not_trusted() {
    assertRefused(
        afterFetching(ofAnotherByName),
        "untrusted-certificate",
        "it is for evil.com, not for a host");
  }

  @Test
  void one_that_vouches_for_itself_is_not_trusted() {
    assertRefused(
        afterFetching(selfSigned), "untrusted-certificate", "nobody who is trusted vouches for it");
  }

  @Test
  void one_whose_issuer_is_missing_is_not_trusted() {
    String alone = firstChain.substring(0, firstChain.indexOf("-----BEGIN", 1));
    assertRefused(afterFetching(alone), "untrusted-certificate", "nobody who is trusted");
  }

  @Test
  void one_that_is_not_for_signatures_is_not_trusted() {
    assertRefused(
        afterFetching(notForSignatures), "untrusted-certificate", "not meant for signatures");
  }

  @Test
  void a_file_that_is_no_certificate_is_not_trusted() {
    assertRefused(
        afterFetching("<html>"), "untrusted-certificate", "no certificate that can be read");
    assertThat(background).isEmpty();
  }

  @Test
  void one_that_has_expired_is_not_trusted_nor_one_that_is_still_to_come() {
    clock.set(Instant.parse("2027-01-01T00:00:01Z"));
    assertRefused(afterFetching(firstChain), "untrusted-certificate", "until 2027-01-01T00:00:00Z");
    clock.set(Instant.parse("2025-12-31T00:00:00Z"));
    store = newStore();
    assertRefused(
        afterFetching(firstChain), "untrusted-certificate", "it counts from 2026-01-01T00:00:00Z");
  }

  @Test
  void one_that_expires_while_it_is_kept_counts_no_more() {
    assertTaken(afterFetching(firstChain));
    clock.set(Instant.parse("2027-01-02T00:00:00Z"));
    assertThat(verify(AT + "one", first)).isInstanceOf(Undecided.class);
    inBackground();
    assertRefused(verify(AT + "one", first), "untrusted-certificate", "until 2027-01-01T00:00:00Z");
  }

  @Test
  void a_failure_is_remembered_for_a_minute() {
    assertRefused(
        afterFetching("<html>"), "untrusted-certificate", "no certificate that can be read");
    files.put(AT + "one", firstChain);
    clock.set(SIGNED.plusSeconds(59));
    assertRefused(
        verify(AT + "one", first), "untrusted-certificate", "no certificate that can be read");
    assertThat(background).isEmpty();
    clock.set(SIGNED.plusSeconds(60));
    assertThat(verify(AT + "one", first)).isInstanceOf(Undecided.class);
    inBackground();
    assertTaken(verify(AT + "one", first));
  }

  @Test
  void while_the_host_is_down_the_sender_is_to_try_again() {
    assertThat(afterFetching("down"))
        .isInstanceOfSatisfying(
            Undecided.class, undecided -> assertThat(undecided.why()).contains("HTTP 503"));
    assertThat(background).as("tried again in a minute").isEmpty();
    files.put(AT + "one", firstChain);
    clock.set(SIGNED.plusSeconds(61));
    assertThat(verify(AT + "one", first)).isInstanceOf(Undecided.class);
    inBackground();
    assertTaken(verify(AT + "one", first));
  }

  @Test
  void a_store_that_starts_anew_fetches_anew() {
    assertTaken(afterFetching(firstChain));
    store = newStore();
    assertTaken(afterFetching(firstChain));
    assertThat(fetched).hasSize(2);
  }

  @Test
  void strangers_who_name_many_have_a_few_fetched_and_drive_no_trusted_one_out() {
    assertTaken(afterFetching(firstChain));
    fetched.clear();
    for (int i = 0; i < 1_000; i++) {
      Verdict unused = verify(AT + "made-up-" + i, second);
      inBackground();
    }
    assertThat(fetched).hasSize(CertificateStore.MOST_PENDING);
    assertTaken(verify(AT + "one", first));
    assertThat(verify(AT + "two", second)).isInstanceOf(Undecided.class);
    clock.set(SIGNED.plusSeconds(61));
    files.put(AT + "two", secondChain);
    assertThat(verify(AT + "two", second)).isInstanceOf(Undecided.class);
    inBackground();
    assertTaken(verify(AT + "two", second));
  }

  @Test
  void of_the_trusted_those_stay_that_are_used() {
    assertTaken(afterFetching(firstChain));
    for (int i = 0; i < 3 * CertificateStore.MOST_TRUSTED; i++) {
      files.put(AT + i, secondChain);
      assertThat(verify(AT + i, second)).isInstanceOf(Undecided.class);
      inBackground();
      assertTaken(verify(AT + "one", first));
    }
    fetched.clear();
    assertThat(verify(AT + "0", second)).isInstanceOf(Undecided.class);
  }

  @Test
  void a_changed_body_is_refused_whoever_signed() {
    assertTaken(afterFetching(firstChain));
    assertRefused(
        new Verifier(paypal, List.of(), clock, store)
            .verify(request(AT + "one", first).withBody(new byte[] {'{', '}'})),
        "wrong-signature",
        "over other text");
  }
}
