package io.payhook.routes;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.camel.CamelContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What takes the place of the files that run: those that have changed or stand on what has changed,
 * in their new version, and those that go.
 *
 * @param files to be made anew
 * @param gone to be taken away
 * @param kamelets all there will be
 */
record NextFiles(SortedMap<Path, String> files, Set<Path> gone, SortedMap<Path, String> kamelets) {
  private static final Logger LOG = LoggerFactory.getLogger(NextFiles.class);

  /**
   * From what is on disk.
   *
   * @param anew whether files that have not changed are made anew too: what their placeholders mean
   *     has
   */
  static NextFiles of(Path root, Running running, Snapshot disk, boolean anew) {
    SortedMap<Path, String> files = new TreeMap<>(Integrations.order(root));
    disk.routes()
        .forEach(
            (file, text) -> {
              Running.File now = running.files().get(file);
              boolean told = anew && (text.contains("{{") || text.contains("kamelet:"));
              if (told || now == null || !now.text().equals(text)) {
                files.put(file, text);
              }
            });
    Set<Path> gone = new LinkedHashSet<>(running.files().keySet());
    gone.removeAll(disk.routes().keySet());
    NextFiles next = new NextFiles(files, gone, disk.kamelets());
    next.addDependents(running);
    return next;
  }

  boolean isEmpty() {
    return files.isEmpty() && gone.isEmpty();
  }

  private void addDependents(Running running) {
    Set<String> words = new TreeSet<>();
    boolean all = false;
    for (Path kamelet : running.changed(kamelets)) {
      words.add(Integrations.kamelet(kamelet));
    }
    // A kamelet that calls a changed one has to be made anew too.
    boolean more = true;
    while (more) {
      more = false;
      for (Map.Entry<Path, String> kamelet : kamelets.entrySet()) {
        if (words.stream().anyMatch(kamelet.getValue()::contains)) {
          more |= words.add(Integrations.kamelet(kamelet.getKey()));
        }
      }
    }
    for (Map.Entry<Path, Running.File> file : running.files().entrySet()) {
      if (files.containsKey(file.getKey()) || gone.contains(file.getKey())) {
        words.addAll(file.getValue().made().templateIds());
        all |= file.getValue().made().configuresRoutes();
      }
    }
    all |= files.values().stream().anyMatch(text -> text.contains("routeConfiguration"));
    for (Map.Entry<Path, Running.File> file : running.files().entrySet()) {
      String text = file.getValue().text();
      if (!files.containsKey(file.getKey())
          && !gone.contains(file.getKey())
          && (all || words.stream().anyMatch(text::contains))) {
        files.put(file.getKey(), text);
      }
    }
  }

  /**
   * Builds everything in a context that runs none of it.
   *
   * @param found gets what can't be used
   */
  void rehearse(CamelContext scratch, Running running, Opening opening, List<ReloadProblem> found)
      throws Exception {
    for (Map.Entry<Path, String> kamelet : kamelets.entrySet()) {
      attempt(
          kamelet.getKey(),
          kamelet.getValue(),
          found,
          () -> {
            Made unused = Running.make(scratch, kamelet.getKey(), kamelet.getValue());
          });
    }
    Map<Path, Made> others = new LinkedHashMap<>();
    for (Map.Entry<Path, Running.File> file : running.files().entrySet()) {
      Path path = file.getKey();
      if (!files.containsKey(path) && !gone.contains(path)) {
        Made made = file.getValue().made();
        others.put(path, made);
        if (made.isShared()) {
          Made unused = Made.in(scratch, path, file.getValue().text());
        }
      }
    }
    for (Map.Entry<Path, String> file : files.entrySet()) {
      attempt(
          file.getKey(),
          file.getValue(),
          found,
          () -> {
            Made made = Running.make(scratch, file.getKey(), file.getValue());
            Running.refuseTaken(made, others);
            opening.of(made, scratch);
            others.put(file.getKey(), made);
          });
    }
  }

  static void attempt(Path file, String text, List<ReloadProblem> found, RouteFiles.Step step) {
    try {
      step.run();
    } catch (Exception e) {
      LOG.debug("{}", file, e);
      found.addAll(Explanation.of(file, text, e));
    }
  }
}
