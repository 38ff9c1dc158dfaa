package io.payhook.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CertificateUrlTest {
  private static final List<String> HOSTS = List.of("paypal.com");

  @ParameterizedTest
  @CsvSource({
    "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594, https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594",
    "https://paypal.com/certs/a.pem, https://paypal.com/certs/a.pem",
    "https://api.sandbox.paypal.com:443/certs/a, https://api.sandbox.paypal.com/certs/a",
    "HTTPS://API.PayPal.com/certs/A, https://api.paypal.com/certs/A",
  })
  void a_file_on_one_of_the_hosts_is_written_in_one_way(String text, String url) {
    assertThat(CertificateUrl.of(text, HOSTS)).hasToString(url);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://api.paypal.com/certs/a",
        "ftp://api.paypal.com/certs/a",
        "//api.paypal.com/certs/a",
        "/certs/a",
        "",
        "https:api.paypal.com/certs/a",
        "https://evil.com/certs/a",
        "https://paypal.com.evil.com/certs/a",
        "https://evilpaypal.com/certs/a",
        "https://evil.com/paypal.com/a",
        "https://evil.com?paypal.com/a",
        "https://evil.com#.paypal.com/a",
        "https://evil.com\\.paypal.com/a",
        "https://evil.com%2f.paypal.com/a",
        "https://paypal.com./certs/a",
        "https://.paypal.com/certs/a",
        "https://api.paypal.com@evil.com/a",
        "https://user@api.paypal.com/a",
        "https://user:password@api.paypal.com/a",
        "https://@api.paypal.com/a",
        "https://api.paypal.com:8443/a",
        "https://api.paypal.com:80/a",
        "https://api.paypal.com:/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://api.paypal.com",
        "https://api.paypal.com/",
        "https://api.paypal.com/a?b=c",
        "https://api.paypal.com/a?",
        "https://api.paypal.com/a#b",
        "https://api.paypal.com/../a",
        "https://api.paypal.com/a/./b",
        "https://api.paypal.com//a",
        "https://api.paypal.com/a/",
        "https://api.paypal.com/%61",
        "https://api.paypal.com/a b",
        "https://api.paypal.com/a\r\nHost: evil.com",
      })
  void anything_else_is_refused(String text) {
    assertThatThrownBy(() -> CertificateUrl.of(text, HOSTS))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void a_url_without_end_is_refused() {
    assertThatThrownBy(() -> CertificateUrl.of("https://paypal.com/" + "a".repeat(500), HOSTS))
        .hasMessage("has more than 500 characters");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"com", "*.paypal.com", "PayPal.com", ".paypal.com", "10.0.0.1", "a b.com"})
  void what_is_no_host_with_a_name_of_its_own_is_no_setting(String host) {
    assertThatThrownBy(
            () ->
                Requests.provider(
                    "signature.algorithm", "rsa-sha256",
                    "signature.certificate-url", "header:Cert",
                    "signature.certificate-hosts", host))
        .hasMessageContaining("is not the name of a host");
  }

  @Test
  void hosts_and_an_algorithm_of_certificates_are_needed() {
    assertThatThrownBy(() -> Requests.provider("signature.certificate-url", "header:Cert"))
        .hasMessageContaining("signature.certificate-hosts: is missing")
        .hasMessageContaining("needs signature.algorithm rsa-sha256, not hmac-sha256");
  }
}
