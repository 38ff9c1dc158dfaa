package io.payhook.signature;

import io.payhook.kit.Digests;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertPath;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/** A platform's certificate with those that vouch for it, as it stands in a file. */
public final class CertificateFile {
  private static final int MOST = 10;
  private static final int DNS_NAME = 2;

  private CertificateFile() {}

  /**
   * What a file shows. Whether a certificate was revoked is not asked: that would take a call to
   * its issuer.
   *
   * @param url where the file was
   * @param file certificates as PEM, in any order
   * @param anchors who is trusted to vouch
   * @param now when it has to hold
   * @throws CertificateException when it is not a certificate of the platform's; the message says
   *     why
   */
  public static Certificates.Trusted read(
      CertificateUrl url, byte[] file, Set<TrustAnchor> anchors, Instant now)
      throws CertificateException {
    List<X509Certificate> all = certificates(file);
    X509Certificate own =
        all.stream()
            .filter(each -> each.getBasicConstraints() < 0)
            .findFirst()
            .orElseThrow(() -> new CertificateException("the file has none but issuers' own"));
    Instant from = own.getNotBefore().toInstant();
    Instant until = own.getNotAfter().toInstant();
    if (now.isBefore(from) || now.isAfter(until)) {
      throw new CertificateException("it counts from " + from + " until " + until + " alone");
    }
    List<String> names = names(own);
    if (names.stream().noneMatch(url::trusts)) {
      throw new CertificateException(
          "it is for "
              + String.join(", ", names)
              + ", not for a host of "
              + String.join(" or ", url.hosts()));
    }
    boolean[] usage = own.getKeyUsage();
    if (usage != null && !usage[0]) {
      throw new CertificateException("its key is not meant for signatures");
    }
    if (!own.getPublicKey().getAlgorithm().equals("RSA")) {
      throw new CertificateException(
          "its key is for " + own.getPublicKey().getAlgorithm() + ", not for RSA");
    }
    for (Certificate each : path(own, all, anchors, now).getCertificates()) {
      Instant end = ((X509Certificate) each).getNotAfter().toInstant();
      until = end.isBefore(until) ? end : until;
    }
    return new Certificates.Trusted(own.getPublicKey(), label(own), until);
  }

  private static List<X509Certificate> certificates(byte[] file) throws CertificateException {
    Collection<? extends Certificate> read;
    try {
      read =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(file));
    } catch (CertificateException e) {
      throw new CertificateException("the file has no certificate that can be read", e);
    }
    if (read.isEmpty() || read.size() > MOST) {
      throw new CertificateException(
          "the file has " + read.size() + " certificates; 1 to " + MOST + " would be right");
    }
    return read.stream().map(X509Certificate.class::cast).toList();
  }

  private static CertPath path(
      X509Certificate own, List<X509Certificate> all, Set<TrustAnchor> anchors, Instant now)
      throws CertificateException {
    try {
      X509CertSelector target = new X509CertSelector();
      target.setCertificate(own);
      PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, target);
      parameters.setDate(Date.from(now));
      parameters.setRevocationEnabled(false);
      parameters.addCertStore(
          CertStore.getInstance("Collection", new CollectionCertStoreParameters(all)));
      return CertPathBuilder.getInstance("PKIX").build(parameters).getCertPath();
    } catch (GeneralSecurityException e) {
      throw new CertificateException("nobody who is trusted vouches for it: " + e.getMessage(), e);
    }
  }

  /** The hosts it is for. Where it has a list of them, its subject's name is none. */
  private static List<String> names(X509Certificate own) throws CertificateException {
    Collection<List<?>> others = own.getSubjectAlternativeNames();
    List<String> hosts =
        others == null
            ? List.of()
            : others.stream()
                .filter(each -> each.get(0).equals(DNS_NAME))
                .map(each -> String.valueOf(each.get(1)))
                .toList();
    return (hosts.isEmpty() ? commonNames(own) : hosts.stream())
        .map(host -> host.startsWith("*.") ? host.substring(2) : host)
        .toList();
  }

  private static Stream<String> commonNames(X509Certificate own) throws CertificateException {
    try {
      return new LdapName(own.getSubjectX500Principal().getName())
          .getRdns().stream()
              .filter(part -> part.getType().equalsIgnoreCase("CN"))
              .map(Rdn::getValue)
              .map(String::valueOf);
    } catch (InvalidNameException e) {
      throw new CertificateException("its subject can't be read", e);
    }
  }

  /** Two bytes of its digest: enough to tell two of a platform's certificates apart. */
  private static String label(X509Certificate own) throws CertificateException {
    return "certificate-" + Digests.sha256Hex(own.getEncoded(), 2);
  }
}
