package io.payhook.signature;

import io.payhook.signature.RawRequest.Header;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Requests and presets that tests start from: valid, so that a test can break one thing. */
public final class Requests {
  public static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
  public static final Clock CLOCK = at(NOW);
  public static final Secret SECRET = Secret.of("a-shared-secret");
  public static final String BODY =
      "{\"event\":\"payment.success\",\"data\":{\"transaction_id\":\"TX-1\",\"amount\":100.00}}";

  private Requests() {}

  public static Clock at(Instant instant) {
    return Clock.fixed(instant, ZoneOffset.UTC);
  }

  public static RawRequest post(String body, String... headers) {
    List<Header> list = new ArrayList<>();
    for (int i = 0; i < headers.length; i += 2) {
      list.add(new Header(headers[i], headers[i + 1]));
    }
    return new RawRequest(
        "POST",
        "https://shop.example/webhooks/payments?a=1",
        list,
        body.getBytes(StandardCharsets.UTF_8));
  }

  /** The generic HMAC-SHA256 preset with some settings changed: names and values in turn. */
  public static Provider provider(String... settings) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("signature.header", "X-Signature");
    all.put("signature.algorithm", "hmac-sha256");
    all.put("event.type", "/event");
    all.put("event.key", "{type}:{/data/transaction_id}");
    for (int i = 0; i < settings.length; i += 2) {
      if (settings[i + 1].isEmpty()) {
        all.remove(settings[i]);
      } else {
        all.put(settings[i], settings[i + 1]);
      }
    }
    return Provider.parse("test", all);
  }

  public static RawRequest signed(Provider provider, String body, String... headers) {
    return new Signer(provider, SECRET, CLOCK).sign(post(body, headers), "payment.success");
  }

  public static Verdict verify(Provider provider, RawRequest request) {
    return new Verifier(provider, List.of(SECRET), CLOCK).verify(request);
  }

  public static VerifiedEvent event(Verdict verdict) {
    if (verdict instanceof VerifiedEvent event) {
      return event;
    }
    throw new AssertionError("should be an event, is " + verdict);
  }

  public static Refused refused(Verdict verdict) {
    if (verdict instanceof Refused refused) {
      return refused;
    }
    throw new AssertionError("should be refused, is " + verdict);
  }

  public static String header(RawRequest request, String name) {
    String value = request.header(name);
    if (value == null) {
      throw new AssertionError("there is no header " + name);
    }
    return value;
  }
}
