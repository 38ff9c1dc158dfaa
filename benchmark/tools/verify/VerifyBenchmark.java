package io.payhook.benchmark;

import io.payhook.routes.Providers;
import io.payhook.signature.Provider;
import io.payhook.signature.RawRequest;
import io.payhook.signature.RawRequest.Header;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a request with a body of 1,024 bytes costs from its bytes to the verdict: the signature, the
 * JSON, and the event's type, key, amount and the rest.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class VerifyBenchmark {
  private static final int SIZE = 1024;
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-24T12:00:00Z"), ZoneOffset.UTC);

  /** HMAC-SHA256 in hex; a timestamp signed with the body; Ed25519; RSA with 2,048 bits. */
  @Param({"echezona", "stripe", "standard-webhooks-v1a", "paypal"})
  String preset;

  private Verifier verifier;
  private RawRequest genuine;
  private RawRequest forged;

  @Setup
  public void sign() throws Exception {
    Provider provider = Providers.shipped().get(preset);
    Secret signing = Secret.of("a-secret-of-the-usual-length-0123");
    Secret checking = signing;
    if (preset.equals("paypal")) {
      provider = provider.with(Map.of("params.webhook-id", "8PT597110X687430LKGECATA"));
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      KeyPair pair = generator.generateKeyPair();
      signing = Secret.of(pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
      checking = Secret.of(pem("PUBLIC KEY", pair.getPublic().getEncoded()));
    } else if (preset.equals("standard-webhooks-v1a")) {
      KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      byte[] both = new byte[64];
      System.arraycopy(pair.getPrivate().getEncoded(), 16, both, 0, 32);
      System.arraycopy(pair.getPublic().getEncoded(), 12, both, 32, 32);
      byte[] publicKey = new byte[32];
      System.arraycopy(both, 32, publicKey, 0, 32);
      signing = Secret.of("whsk_" + Base64.getEncoder().encodeToString(both));
      checking = Secret.of("whpk_" + Base64.getEncoder().encodeToString(publicKey));
    }
    byte[] body = body();
    RawRequest unsigned =
        new RawRequest(
            "POST",
            "https://hooks.example.com/webhooks/shop",
            List.of(
                new Header("Host", "hooks.example.com"),
                new Header("User-Agent", "Platform/1.0"),
                new Header("Accept", "*/*"),
                new Header("Content-Type", "application/json"),
                new Header("Content-Length", String.valueOf(body.length))),
            body);
    verifier = new Verifier(provider, List.of(checking), CLOCK);
    genuine = new Signer(provider, signing, CLOCK).sign(unsigned, "payment.success");
    byte[] changed = body.clone();
    changed[SIZE - 3] ^= 1;
    forged = genuine.withBody(changed);
    Verdict verdict = verifier.verify(genuine);
    if (body.length != SIZE
        || !(verdict instanceof VerifiedEvent)
        || verifier.verify(forged) instanceof VerifiedEvent) {
      throw new IllegalStateException(preset + ": " + verdict);
    }
  }

  /** The members that these four presets look for, and padding. */
  private static byte[] body() {
    String text =
        """
        {"event": "payment.success", "type": "payment.success", "event_type": "payment.success", "id": "evt_0123456789", \
        "created": 1795521600, "data": {"transaction_id": "T-0123456789", "id": "T-0123456789", "amount": 1500050, "currency": "NGN", \
        "status": "success", "object": {"id": "pi_0123456789", "amount": 1500050, "currency": "ngn"}, \
        "customer": {"email": "ada@example.com", "name": "Ada Obi"}}, \
        "resource": {"id": "R-0123456789", "amount": {"value": "15000.50", "currency_code": "NGN"}}, \
        "metadata": {"order": "A-1001", "basket": ["tea", "honey", "bread"], "note": "\
        """;
    String end = "\"}}";
    return (text + "x".repeat(SIZE - text.length() - end.length()) + end)
        .getBytes(StandardCharsets.US_ASCII);
  }

  private static String pem(String type, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----"
        .formatted(type, Base64.getMimeEncoder().encodeToString(der), type);
  }

  @Benchmark
  public Verdict genuine() {
    return verifier.verify(genuine);
  }

  @Benchmark
  public Verdict forged() {
    return verifier.verify(forged);
  }
}
