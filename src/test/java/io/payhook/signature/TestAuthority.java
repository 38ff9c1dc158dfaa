package io.payhook.signature;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/**
 * Issues certificates as a platform's issuer does, by the keytool of this Java. They hold from
 * January 2026 to January 2027.
 */
public final class TestAuthority {
  private static final String PASSWORD = "changeit";
  private static final List<String> A_YEAR =
      List.of("-startdate", "2026/01/01 00:00:00", "-validity", "365");

  private final Path folder;
  private final Path store;

  /** Has a root and an issuer that the root vouches for. */
  public TestAuthority(Path folder) throws Exception {
    this.folder = folder;
    this.store = folder.resolve("keys.p12");
    key("root", "CN=Test root", "-ext", "bc:c");
    key("issuer", "CN=Test issuer");
    Files.writeString(
        folder.resolve("issuer.pem"), issued("root", "issuer", "CN=Test issuer", "bc:c"));
  }

  /** Makes a key whose own, self-signed certificate has this subject. */
  public void key(String name, String subject, String... more) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("-genkeypair", "-alias", name, "-keyalg", "RSA", "-keysize", "2048"));
    command.addAll(List.of("-dname", subject));
    command.addAll(A_YEAR);
    command.addAll(List.of(more));
    String unused = keytool(command);
  }

  /** A certificate for a key, by the issuer, with those that vouch for it. */
  public String chain(String key, String subject, String... extensions) throws Exception {
    return issued("issuer", key, subject, extensions)
        + Files.readString(folder.resolve("issuer.pem"));
  }

  private String issued(String by, String key, String subject, String... extensions)
      throws Exception {
    Path request = folder.resolve(key + ".csr");
    String unused = keytool(List.of("-certreq", "-alias", key, "-file", request.toString()));
    List<String> command =
        new ArrayList<>(
            List.of(
                "-gencert",
                "-alias",
                by,
                "-rfc",
                "-infile",
                request.toString(),
                "-dname",
                subject));
    command.addAll(A_YEAR);
    for (String extension : extensions) {
      command.addAll(List.of("-ext", extension));
    }
    String pem = keytool(command);
    return pem.substring(0, pem.indexOf("-----END CERTIFICATE-----"))
        + "-----END CERTIFICATE-----\n";
  }

  /** The certificate that a key vouches for itself with. */
  public String selfSigned(String key) throws Exception {
    return keytool(List.of("-exportcert", "-rfc", "-alias", key));
  }

  /** The private half of a key, to sign with. */
  public Secret secret(String key) throws Exception {
    return Secret.of(
        "-----BEGIN PRIVATE KEY-----"
            + Base64.getEncoder()
                .encodeToString(load().getKey(key, PASSWORD.toCharArray()).getEncoded())
            + "-----END PRIVATE KEY-----");
  }

  /** The root, as who is trusted. */
  public Set<TrustAnchor> anchors() throws Exception {
    return Set.of(
        new TrustAnchor(
            (X509Certificate)
                CertificateFactory.getInstance("X.509")
                    .generateCertificate(
                        new ByteArrayInputStream(
                            selfSigned("root").getBytes(StandardCharsets.UTF_8))),
            null));
  }

  private KeyStore load() throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return keys;
  }

  private String keytool(List<String> command) throws Exception {
    List<String> all = new ArrayList<>();
    all.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    all.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"));
    all.addAll(command);
    all.addAll(
        List.of("-keystore", store.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
    Path errors = Files.createTempFile(folder, "keytool", ".err");
    Process process = new ProcessBuilder(all).redirectError(errors.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError(output + Files.readString(errors));
    }
    return output;
  }
}
