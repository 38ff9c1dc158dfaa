package io.payhook.tools.check;

import io.payhook.kit.Globs;
import io.payhook.tools.check.Declarations.Declared;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The events that a route which starts from {@code event:} asks for. */
record Subscription(String endpoint, String type) {

  /**
   * Reads the address that a route starts from.
   *
   * @return empty where it is no {@code event:}, or names no endpoint and type
   */
  static Optional<Subscription> of(@Nullable String from) {
    if (from == null || !from.startsWith("event:")) {
      return Optional.empty();
    }
    String address = from.replaceFirst("^event:/*", "").replaceFirst("\\?.*$", "");
    int slash = address.indexOf('/');
    return slash <= 0 || slash == address.length() - 1
        ? Optional.empty()
        : Optional.of(new Subscription(address.substring(0, slash), address.substring(slash + 1)));
  }

  /** The types of an endpoint that it takes: those that samples tell, and the one it names. */
  Set<String> types(Declared endpoint) {
    Set<String> types = new TreeSet<>(endpoint.samples().keySet());
    types.removeIf(each -> !Globs.matches(type, each));
    if (!type.contains("*")) {
      types.add(type);
    }
    return types;
  }

  /** The samples of an endpoint that it takes. */
  Stream<SampleEvent> samples(Declared endpoint) {
    return types(endpoint).stream()
        .flatMap(each -> endpoint.samples().getOrDefault(each, List.of()).stream());
  }
}
