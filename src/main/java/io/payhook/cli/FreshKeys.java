package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.routes.Sample;
import io.payhook.signature.Provider;
import io.payhook.signature.Secret;
import io.payhook.signature.Setting;
import io.payhook.signature.Signer;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A sample that gets another key each time: the value that makes its key is replaced wherever it
 * stands. Where a header makes the key, the signer writes a new one anyway.
 */
final class FreshKeys {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Sample sample;
  private final String field;
  private final boolean encoded;
  private final String old;
  private final boolean number;

  FreshKeys(Provider provider, Sample sample, String type, Clock clock) {
    this.sample = sample;
    this.field = provider.setting(Setting.BODY_FIELD).orElse("");
    this.encoded = provider.setting(Setting.BODY_FORMAT).orElse("").equals("xml-in-form");
    JsonNode value = value(provider, sample, type, clock);
    this.old = value == null ? "" : value.asText();
    this.number = value != null && value.isNumber();
  }

  /**
   * The sample with this value in its key.
   *
   * @param key null: a fresh one
   */
  Sample withKey(@Nullable String key) {
    if (old.isEmpty()) {
      return sample;
    }
    String own = key;
    if (own == null) {
      own =
          number
              ? String.valueOf(RANDOM.nextLong(100_000_000_000_000L, 1_000_000_000_000_000L))
              : random();
    }
    String text = new String(sample.body(), StandardCharsets.UTF_8);
    boolean form = sample.contentType().equals("application/x-www-form-urlencoded");
    byte[] body = (form ? inForm(text, own) : inText(text, own)).getBytes(StandardCharsets.UTF_8);
    return new Sample(sample.type(), sample.contentType(), body);
  }

  private String inForm(String form, String key) {
    return Stream.of(form.split("&", -1))
        .map(
            pair -> {
              int equals = pair.indexOf('=');
              String name = pair.substring(0, Math.max(equals, 0));
              String text = URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8);
              String now = text.equals(old) ? key : text;
              if (name.equals(field)) {
                now = encoded ? inBase64(text, key) : inText(text, key);
              }
              return now.equals(text)
                  ? pair
                  : name + "=" + URLEncoder.encode(now, StandardCharsets.UTF_8);
            })
        .collect(Collectors.joining("&"));
  }

  private String inBase64(String base64, String key) {
    String inside = new String(Base64.getMimeDecoder().decode(base64), StandardCharsets.UTF_8);
    return Base64.getMimeEncoder(60, new byte[] {'\n'})
            .encodeToString(inText(inside, key).getBytes(StandardCharsets.UTF_8))
        + "\n";
  }

  private String inText(String text, String key) {
    // In JSON a number stands alone, a text between quotes; in XML both between tags.
    String quoted = Pattern.quote(old);
    return number
        ? text.replaceAll(
            "(?<![\\w\".+-])" + quoted + "(?![\\w\".])",
            Matcher.quoteReplacement(key.matches("\\d+") ? key : '"' + key + '"'))
        : text.replaceAll("(?<=[\">])" + quoted + "(?=[\"<])", Matcher.quoteReplacement(key));
  }

  /**
   * Asks the verifier for the sample's key, and looks for the member of the body that is part of
   * it.
   */
  private static @Nullable JsonNode value(
      Provider provider, Sample sample, String type, Clock clock) {
    Secret secret = Secret.ofTheProcess(provider.secretKind());
    Verdict verdict =
        new Verifier(provider, List.of(secret), clock)
            .verify(
                new Signer(provider, secret, clock)
                    .sign(sample.request("http://localhost/"), type));
    if (!(verdict instanceof VerifiedEvent whole)) {
      return null;
    }
    VerifiedEvent event = whole.items().get(0);
    List<JsonNode> values = new ArrayList<>();
    values(event.json(), values);
    String key = ":" + event.key().replace(event.type(), "") + ":";
    return values.stream()
        .filter(each -> each.asText().length() > 2)
        .filter(each -> key.contains(each.isNumber() ? ":" + each.asText() + ":" : each.asText()))
        .max(
            // A part of its own counts most, the first of them; what it is about comes first.
            Comparator.comparingInt(
                    (JsonNode each) -> {
                      int place = key.indexOf(":" + each.asText() + ":");
                      return place < 0 ? Integer.MIN_VALUE : -place;
                    })
                .thenComparing(each -> each.asText().length()))
        .orElse(null);
  }

  private static void values(@Nullable JsonNode node, List<JsonNode> into) {
    if (node == null) {
      return;
    }
    if (node.isTextual() || node.isIntegralNumber()) {
      into.add(node);
    }
    node.forEach(child -> values(child, into));
  }

  private static String random() {
    byte[] bytes = new byte[8];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
