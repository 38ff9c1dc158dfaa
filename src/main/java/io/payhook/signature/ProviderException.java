package io.payhook.signature;

import java.util.List;
import java.util.stream.Collectors;

/** A preset, an override or a secret that can't be used; it carries every problem found. */
public final class ProviderException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String provider;
  private final transient List<Problem> problems;

  /**
   * One thing that is wrong.
   *
   * @param setting the dotted name of the setting, empty when it concerns the whole
   * @param text what is wrong and what would be right
   */
  public record Problem(String setting, String text) {
    @Override
    public String toString() {
      return setting.isEmpty() ? text : setting + ": " + text;
    }
  }

  public ProviderException(String provider, List<Problem> problems) {
    super(
        problems.stream()
            .map(Problem::toString)
            .collect(Collectors.joining("\n  ", "provider '" + provider + "': ", "")));
    this.provider = provider;
    this.problems = List.copyOf(problems);
  }

  /** The name of the preset. */
  public String provider() {
    return provider;
  }

  /** Every problem, in the order of the settings. */
  public List<Problem> problems() {
    return problems;
  }
}
