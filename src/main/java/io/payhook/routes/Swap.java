package io.payhook.routes;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.camel.Endpoint;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Replaces files that run by their next versions, all of them or none. */
final class Swap {
  private static final Logger LOG = LoggerFactory.getLogger(RouteFiles.class);

  private final Path root;
  private final Running running;
  private final RouteFiles.Surroundings surroundings;
  private final List<ReloadProblem> found;

  /** What the old versions used, perhaps nobody now. */
  private final Set<Endpoint> leftovers = Collections.newSetFromMap(new IdentityHashMap<>());

  private final List<Runnable> news = new ArrayList<>();

  /**
   * @param found gets why nothing was replaced
   */
  Swap(
      Path root, Running running, RouteFiles.Surroundings surroundings, List<ReloadProblem> found) {
    this.root = root;
    this.running = running;
    this.surroundings = surroundings;
    this.found = found;
  }

  /** The files that are others now; none where it went wrong and everything is as it was. */
  List<Path> to(NextFiles next) throws Exception {
    if (next.isEmpty()) {
      running.install(next.kamelets());
      return List.of();
    }
    // Those with the intake route last and by themselves: requests wait while it is replaced.
    NextFiles quiet = part(next, false);
    NextFiles http = part(next, true);
    SortedMap<Path, String> kamelets = new TreeMap<>(running.kamelets());
    boolean[] done = new boolean[1];
    surroundings.keepingSubscriptions(
        () -> {
          NextFiles back = undoing(quiet, kamelets);
          done[0] = together(quiet);
          if (done[0] && !http.isEmpty()) {
            stopDeliveries(http.files().keySet());
            stopDeliveries(http.gone());
            surroundings.holdingRequests(() -> done[0] = together(http));
            if (!done[0] && !together(back)) {
              LOG.error("CONFIG: the old versions could not be put back; restart Payhook.");
            }
          }
        });
    Made.sweep(running.context(), leftovers);
    if (!done[0]) {
      return List.of();
    }
    news.forEach(Runnable::run);
    List<Path> changed = new ArrayList<>(next.files().keySet());
    changed.addAll(next.gone());
    return changed;
  }

  private NextFiles part(NextFiles next, boolean http) {
    SortedMap<Path, String> files = new TreeMap<>(Integrations.order(root));
    next.files()
        .forEach(
            (file, text) -> {
              if ((text.contains("platform-http") || takesRequests(file)) == http) {
                files.put(file, text);
              }
            });
    Set<Path> gone = new LinkedHashSet<>(next.gone());
    gone.removeIf(file -> takesRequests(file) != http);
    return new NextFiles(files, gone, next.kamelets());
  }

  private boolean takesRequests(Path file) {
    Running.File now = running.files().get(file);
    return now != null && now.made().takesRequests();
  }

  /** What makes it as it is now, once it is done. */
  private NextFiles undoing(NextFiles next, SortedMap<Path, String> kamelets) {
    SortedMap<Path, String> files = new TreeMap<>(Integrations.order(root));
    Set<Path> gone = new LinkedHashSet<>();
    old(next).forEach((file, now) -> files.put(file, now.text()));
    next.files().keySet().stream().filter(file -> !files.containsKey(file)).forEach(gone::add);
    return new NextFiles(files, gone, kamelets);
  }

  private SortedMap<Path, Running.File> old(NextFiles next) {
    SortedMap<Path, Running.File> old = new TreeMap<>(Integrations.order(root));
    running
        .files()
        .forEach(
            (file, now) -> {
              if (next.files().containsKey(file) || next.gone().contains(file)) {
                old.put(file, now);
              }
            });
    return old;
  }

  /** All at once, since a route may have moved from one to another. */
  private boolean together(NextFiles next) throws Exception {
    SortedMap<Path, Running.File> old = old(next);
    SortedMap<Path, String> kamelets = new TreeMap<>(running.kamelets());
    old.values().forEach(file -> leftovers.addAll(file.made().uses(running.context())));
    stopDeliveries(old.keySet());
    for (Running.File file : old.values()) {
      file.made().removeFrom(running.context());
    }
    SortedMap<Path, Running.File> made = new TreeMap<>(Integrations.order(root));
    try {
      running.install(next.kamelets());
      for (Map.Entry<Path, String> file : next.files().entrySet()) {
        String text = file.getValue();
        Path path = file.getKey();
        try {
          made.put(path, new Running.File(text, Made.in(running.context(), path, text)));
        } catch (Exception e) {
          LOG.debug("{}", path, e);
          found.addAll(Explanation.of(path, text, e));
          throw e;
        }
      }
    } catch (Exception e) {
      if (found.isEmpty()) {
        found.add(ReloadProblem.of(root, Explanation.innermost(e)));
      }
      restore(old, made.values(), kamelets);
      return false;
    }
    Set<String> beans = new TreeSet<>();
    made.values().forEach(file -> beans.addAll(file.made().beanNames()));
    for (Running.File file : old.values()) {
      file.made().removeBeansFrom(running.context(), beans);
    }
    running.files().keySet().removeAll(old.keySet());
    running.files().putAll(made);
    tell(made, old, next.gone());
    return true;
  }

  private void stopDeliveries(Collection<Path> files) {
    for (Path file : files) {
      Running.File now = running.files().get(file);
      if (now != null) {
        now.made().stopDeliveries(running.context());
      }
    }
  }

  private void restore(
      SortedMap<Path, Running.File> old,
      Collection<Running.File> made,
      SortedMap<Path, String> kamelets)
      throws Exception {
    Set<String> before = new TreeSet<>();
    old.values().forEach(file -> before.addAll(file.made().beanNames()));
    for (Running.File file : made) {
      file.made().removeFrom(running.context());
      file.made().removeBeansFrom(running.context(), before);
    }
    running.install(kamelets);
    for (Map.Entry<Path, Running.File> file : old.entrySet()) {
      Path path = file.getKey();
      String text = file.getValue().text();
      try {
        running.files().put(path, new Running.File(text, Made.in(running.context(), path, text)));
      } catch (Exception e) {
        running.files().remove(path);
        LOG.error(
            "CONFIG: {} could not be put back after its new version failed: {}. Its deliveries wait in the journal; mend the file"
                + " or restart.",
            ReloadProblem.shown(path),
            Explanation.innermost(e));
      }
    }
  }

  private void tell(
      SortedMap<Path, Running.File> made, SortedMap<Path, Running.File> old, Set<Path> gone) {
    made.forEach(
        (file, now) -> {
          Running.File before = old.get(file);
          String what =
              before == null
                  ? "is new and runs"
                  : before.text().equals(now.text())
                      ? "runs with what changed below it"
                      : "runs in its new version";
          news.add(
              () ->
                  LOG.info(
                      "{} {}: {}.",
                      ReloadProblem.shown(file),
                      what,
                      String.join(", ", now.made().names())));
        });
    for (Path file : gone) {
      Running.File before = old.get(file);
      String names = before == null ? "" : String.join(", ", before.made().names());
      news.add(
          () ->
              LOG.info(
                  "{} is gone, and with it: {}. Their pending deliveries wait in the journal.",
                  ReloadProblem.shown(file),
                  names));
    }
  }
}
