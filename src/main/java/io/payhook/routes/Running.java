package io.payhook.routes;

import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.camel.CamelContext;

/** The files as they run now, with what each has made. */
public final class Running {
  /** One file in the version that runs. */
  record File(String text, Made made) {}

  private final CamelContext context;
  private final SortedMap<Path, File> files;

  /** What the routes are built with. */
  private SortedMap<Path, String> kamelets = new TreeMap<>();

  Running(CamelContext context, Path root) {
    this.context = context;
    this.files = new TreeMap<>(Integrations.order(root));
  }

  CamelContext context() {
    return context;
  }

  SortedMap<Path, File> files() {
    return files;
  }

  SortedMap<Path, String> kamelets() {
    return kamelets;
  }

  File file(Path path) {
    return Objects.requireNonNull(files.get(path));
  }

  /** Loads a file into a context that has none of its routes. */
  static Made make(CamelContext context, Path file, String text) throws Exception {
    if (text.isBlank()) {
      throw new IllegalArgumentException(
          "is empty; write its routes, or delete the file to end them");
    }
    return Made.in(context, file, text);
  }

  /** Makes these the kamelets that the next routes are built with. */
  void install(SortedMap<Path, String> wanted) throws Exception {
    Set<Path> changed = changed(wanted);
    for (Path file : changed) {
      Made.forgetKamelet(context, Integrations.kamelet(file));
    }
    for (Path file : changed) {
      String text = wanted.get(file);
      if (text != null) {
        make(context, file, text);
      }
    }
    kamelets = new TreeMap<>(wanted);
  }

  /** The kamelets that are others than those the routes are built with. */
  Set<Path> changed(SortedMap<Path, String> wanted) {
    Set<Path> changed = new TreeSet<>(wanted.keySet());
    changed.addAll(kamelets.keySet());
    changed.removeIf(file -> Objects.equals(wanted.get(file), kamelets.get(file)));
    return changed;
  }

  /** Refuses what another file already has. */
  static void refuseTaken(Made made, Map<Path, Made> others) {
    others.forEach((other, its) -> refuseTaken(made, other, its));
  }

  private static void refuseTaken(Made made, Path other, Made others) {
    refuseTaken("route id", made.routeIds(), other, others.routeIds(), "give it another");
    refuseTaken("bean", made.beanNames(), other, others.beanNames(), "give it another name");
  }

  private static void refuseTaken(
      String what, Set<String> own, Path other, Collection<String> others, String right) {
    Set<String> both = new LinkedHashSet<>(own);
    both.retainAll(others);
    for (String name : both) {
      throw new IllegalArgumentException(
          "%s '%s' is that of a %s in %s; %s"
              .formatted(
                  what, name, what.replaceFirst(" id$", ""), ReloadProblem.shown(other), right));
    }
  }
}
