package io.payhook.signature;

import io.payhook.kit.Digests;
import io.payhook.kit.Nearest;
import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What an endpoint shares with its platform, or the platform's public key. Never prints itself.
 *
 * @param value the secret as the platform shows it, its prefix included
 * @param label names the secret without telling it; the same secret always has the same label
 * @param id which of the platform's keys this is, for platforms that say so beside the signature
 * @param notBefore from when on the secret counts; null: always has
 * @param notAfter until when the secret counts; null: always will
 */
public record Secret(
    String value,
    String label,
    @Nullable String id,
    @Nullable Instant notBefore,
    @Nullable Instant notAfter) {

  /** What a secret is made of. */
  public enum Kind {
    /** Text that both sides know. */
    SHARED,
    /** An Ed25519 key, of which the platform gives out the public half. */
    ED25519,
    /** An RSA key, of which the platform gives out the public half. */
    RSA
  }

  private static final Set<String> ATTRIBUTES = Set.of("label", "id", "not-before", "not-after");

  private static final Map<Kind, Secret> OF_THE_PROCESS = new ConcurrentHashMap<>();

  public Secret {
    Objects.requireNonNull(value, "value");
    Objects.requireNonNull(label, "label");
  }

  /** A secret that always counts. */
  public static Secret of(String value) {
    return new Secret(value, labelOf(value), null, null, null);
  }

  /**
   * A new secret, for development and tests. A key has both halves, as PEM in one line, so that it
   * signs and verifies; other secrets are 64 hex digits.
   */
  public static Secret random(Kind kind) {
    if (kind == Kind.SHARED) {
      byte[] random = new byte[32];
      new SecureRandom().nextBytes(random);
      return of(HexFormat.of().formatHex(random));
    }
    try {
      KeyPair keys = KeyPairGenerator.getInstance(kind.name()).generateKeyPair();
      return of(pem("PRIVATE KEY", keys.getPrivate()) + " " + pem("PUBLIC KEY", keys.getPublic()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has " + kind, e);
    }
  }

  /** As {@link #random}, but always the same in a process: making an RSA key takes long. */
  public static Secret ofTheProcess(Kind kind) {
    return OF_THE_PROCESS.computeIfAbsent(kind, Secret::random);
  }

  private static String pem(String type, Key key) {
    return "-----BEGIN %s----- %s -----END %1$s-----"
        .formatted(type, Base64.getEncoder().encodeToString(key.getEncoded()));
  }

  /**
   * Reads one or several secrets, separated by commas; {@code \,} is a comma within one. A secret
   * may carry attributes after semicolons: {@code label}, {@code id} (the platform's name of the
   * key), {@code not-before} and {@code not-after} (ISO dates, midnight UTC, or instants), as in
   * {@code whsec_old;not-after=2027-01-31, whsec_new}. Empty places are left out.
   *
   * @throws ProviderException when an attribute can't be read
   */
  public static List<Secret> parse(String commaSeparated) {
    List<Secret> secrets = new ArrayList<>();
    Problems problems = new Problems();
    for (String item : commaSeparated.split("(?<!\\\\),", -1)) {
      String text = item.replace("\\,", ",").strip();
      if (!text.isEmpty()) {
        secrets.add(parseOne(text, "secret " + (secrets.size() + 1), problems));
      }
    }
    problems.raise("secrets");
    return List.copyOf(secrets);
  }

  /** What stands before its first colon, where it is a user and a password. */
  String user() {
    int colon = value.indexOf(':');
    return colon < 0 ? value : value.substring(0, colon);
  }

  /** What stands after its first colon, where it is a user and a password. */
  String password() {
    return value.substring(value.indexOf(':') + 1);
  }

  /** Whether it counts at this instant. */
  boolean activeAt(Instant now) {
    return (notBefore == null || !now.isBefore(notBefore))
        && (notAfter == null || now.isBefore(notAfter));
  }

  private static Secret parseOne(String item, String place, Problems problems) {
    String value = item;
    String label = null;
    String id = null;
    Instant notBefore = null;
    Instant notAfter = null;
    while (true) {
      int semicolon = value.lastIndexOf(';');
      int equals = value.indexOf('=', Math.max(semicolon, 0));
      if (semicolon < 0 || equals < 0) {
        break;
      }
      String name = value.substring(semicolon + 1, equals).strip();
      String text = value.substring(equals + 1).strip();
      if (!ATTRIBUTES.contains(name)) {
        String meant = Nearest.didYouMean(name, ATTRIBUTES);
        if (!meant.isEmpty()) {
          problems.add(place, "no such attribute '" + name + "'" + meant);
        }
        break;
      }
      try {
        switch (name) {
          case "label" -> label = text;
          case "id" -> id = text;
          case "not-before" -> notBefore = instant(text);
          default -> notAfter = instant(text);
        }
      } catch (DateTimeParseException e) {
        problems.add(
            place,
            "%s '%s' is not a date; write 2027-01-31 (midnight UTC) or 2027-01-31T12:00:00Z"
                .formatted(name, text));
      }
      value = value.substring(0, semicolon).strip();
    }
    return new Secret(value, label == null ? labelOf(value) : label, id, notBefore, notAfter);
  }

  private static Instant instant(String text) {
    return text.length() == 10
        ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant()
        : Instant.parse(text);
  }

  /** Two bytes of a digest: enough to tell two secrets apart, too little to find one by. */
  private static String labelOf(String value) {
    byte[] labelled = ("label of " + value).getBytes(StandardCharsets.UTF_8);
    return "secret-" + Digests.sha256Hex(labelled, 2);
  }

  /** Its label and its dates, never its value. */
  @Override
  public String toString() {
    return label
        + (notBefore == null ? "" : " from " + notBefore)
        + (notAfter == null ? "" : " until " + notAfter);
  }
}
