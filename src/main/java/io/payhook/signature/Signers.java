package io.payhook.signature;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the certificate that a request says it was signed with. */
final class Signers {
  private final Template url;
  private final List<String> hosts;
  private final Certificates certificates;

  /** Ends a verification that has to wait for a certificate. */
  static final class NotHereYet extends Exception {
    private static final long serialVersionUID = 1L;

    private final String why;

    NotHereYet(String why) {
      super(why, null, false, false);
      this.why = why;
    }

    Undecided verdict() {
      return new Undecided(why);
    }
  }

  private Signers(Template url, List<String> hosts, Certificates certificates) {
    this.url = url;
    this.hosts = hosts;
    this.certificates = certificates;
  }

  /** Null where a platform's requests name none. */
  static @Nullable Signers of(Plan plan, Certificates certificates) {
    Template url = plan.certificateUrl;
    return url == null ? null : new Signers(url, plan.certificateHosts, certificates);
  }

  /** The certificate; null where the request names none. */
  Certificates.@Nullable Trusted named(Scope scope) throws Refusal, NotHereYet {
    String text = url.text(scope);
    if (text == null) {
      return null;
    }
    Certificates.Answer answer = certificates.at(read(text));
    if (answer instanceof Certificates.Awaited awaited) {
      throw new NotHereYet(awaited.why());
    }
    if (answer instanceof Certificates.NotTrusted not) {
      throw new Refusal(
          "untrusted-certificate", "the certificate that the request names: " + not.why());
    }
    return (Certificates.Trusted) answer;
  }

  private CertificateUrl read(String text) throws Refusal {
    try {
      return CertificateUrl.of(text, hosts);
    } catch (IllegalArgumentException e) {
      throw new Refusal(
          "untrusted-certificate-url",
          "the URL of the certificate that the request names " + e.getMessage());
    }
  }
}
