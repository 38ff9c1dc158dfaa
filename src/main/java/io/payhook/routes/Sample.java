package io.payhook.routes;

import io.payhook.files.TextFile;
import io.payhook.files.Tree;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import io.payhook.signature.Verdict;
import io.payhook.signature.VerifiedEvent;
import io.payhook.signature.Verifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One real body of an event, as its platform sends it, but for the signature. In a folder {@code
 * samples} each is a file named after its event type; the file's ending tells its content type.
 * Several of one type have names of their own after an {@code @}: {@code charge.success@card.json}.
 *
 * @param name of its file, without the ending: the event type by Payhook's name for it
 * @param contentType of the body
 * @param body the bytes
 */
public record Sample(String name, String contentType, byte[] body) {
  /** Content types by the endings of files. */
  private static final Map<String, String> CONTENT_TYPES = new LinkedHashMap<>();

  static {
    CONTENT_TYPES.put("json", "application/json");
    CONTENT_TYPES.put("form", "application/x-www-form-urlencoded");
    CONTENT_TYPES.put("xml", "application/xml");
    CONTENT_TYPES.put("txt", "text/plain");
  }

  /** The endings that files of samples have, for messages: {@code .json, .form, …}. */
  public static String endings() {
    return "." + String.join(", .", CONTENT_TYPES.keySet());
  }

  /** Whether a file's ending is one that samples have. */
  public static boolean isSample(Path file) {
    return CONTENT_TYPES.containsKey(ending(file));
  }

  /**
   * The samples in a folder, in the order of their files; none where there is no such folder. Other
   * files are left out.
   */
  public static List<Sample> in(Path folder) throws IOException {
    List<Sample> samples = new ArrayList<>();
    for (Path file : Tree.level(folder).files()) {
      if (isSample(file)) {
        samples.add(read(file));
      }
    }
    return List.copyOf(samples);
  }

  /**
   * A file as a sample of the type that its name tells.
   *
   * @return a sample of JSON when the ending tells nothing
   */
  public static Sample read(Path file) throws IOException {
    String fileName = String.valueOf(file.getFileName());
    String ending = ending(file);
    String name =
        CONTENT_TYPES.containsKey(ending)
            ? fileName.substring(0, fileName.length() - ending.length() - 1)
            : fileName;
    byte[] bytes = TextFile.withoutMark(Files.readAllBytes(file));
    // Editors end a file with a newline; platforms don't.
    boolean ends = bytes.length > 0 && bytes[bytes.length - 1] == '\n';
    return new Sample(
        name,
        CONTENT_TYPES.getOrDefault(ending, "application/json"),
        ends ? Arrays.copyOf(bytes, bytes.length - 1) : bytes);
  }

  private static String ending(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /** Its event type, by Payhook's name for it. */
  public String type() {
    int at = name.indexOf('@');
    return at < 0 ? name : name.substring(0, at);
  }

  /** The name of its file. */
  public String fileName() {
    return "%s.%s"
        .formatted(
            name,
            CONTENT_TYPES.entrySet().stream()
                .filter(one -> one.getValue().equals(contentType))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow());
  }

  /** The event that it is for a preset, signed with a secret that nobody else has. */
  public Optional<VerifiedEvent> verifiedBy(Provider provider) {
    try {
      return verdictOf(provider, Clock.systemUTC()) instanceof VerifiedEvent event
          ? Optional.of(event)
          : Optional.empty();
    } catch (ProviderException e) {
      return Optional.empty();
    }
  }

  /**
   * What a preset makes of it, signed with a secret that nobody else has.
   *
   * @throws ProviderException when the preset can't sign
   */
  public Verdict verdictOf(Provider preset, Clock clock) {
    Provider provider = preset.with(parameters(preset));
    Secret secret = Secret.ofTheProcess(provider.secretKind());
    RawRequest signed =
        new Signer(provider, secret, clock).sign(request("https://localhost/"), type());
    return new Verifier(provider, List.of(secret), clock).verify(signed);
  }

  /** Something for what every account has its own of, such as PayPal's webhook-id. */
  private static Map<String, String> parameters(Provider preset) {
    Map<String, String> parameters = new LinkedHashMap<>();
    preset
        .settings()
        .forEach(
            (key, value) -> {
              if (key.startsWith("params.") && value.isEmpty()) {
                parameters.put(key, "parameter");
              }
            });
    return parameters;
  }

  /** The sample as a request, with nothing signed yet. */
  public RawRequest request(String url) {
    return new RawRequest(
        "POST", url, List.of(new RawRequest.Header("Content-Type", contentType)), body);
  }
}
