package io.payhook.routes;

import io.payhook.effects.Texts;
import io.payhook.intake.ActiveEndpoint;
import io.payhook.intake.Endpoints;
import io.payhook.signature.Certificates;
import io.payhook.signature.Nearest;
import io.payhook.signature.Provider;
import io.payhook.signature.ProviderException;
import io.payhook.signature.Secret;
import io.payhook.signature.Verifier;
import io.payhook.signature.Verifiers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The integration team's files in a running Camel context: every {@code *.camel.yaml} under the
 * routes folder, and the endpoints they declare.
 *
 * <p>A file owns what it made. {@link #reload} takes over what has changed on disk: it builds the
 * new version beside the running one, and only when that went well the old one is stopped, after
 * what it runs has finished, and the new one started. A file that can't be used changes nothing:
 * its last good version runs on, and the problem shows in {@link #problems} until it is mended.
 */
public final class RouteFiles {
  private static final Logger LOG = LoggerFactory.getLogger(RouteFiles.class);
  private static final String SUFFIX = ".camel.yaml";
  private static final String KEPT = " The previous version keeps running.";

  /** A part of a reload. */
  public interface Step {
    void run() throws Exception;
  }

  /** Something that is done in a Camel context. */
  public interface Trial {
    void in(CamelContext context) throws Exception;
  }

  /** What a reload needs of the service around the files. */
  public interface Surroundings {
    /**
     * Gives the trial a started context that knows what the running one knows but starts no route.
     */
    void rehearse(Trial trial) throws Exception;

    /** Meanwhile a route that stops keeps its subscription. */
    void keepingSubscriptions(Step step) throws Exception;

    /** Meanwhile no request is under way, and new ones wait. */
    void holdingRequests(Step step) throws Exception;

    /** Brings an integration's own tables to their newest version. */
    void migrate(String integration, Path folder);

    /** The file of development secrets, which need not be there. */
    Path secrets();

    /** SQL files and templates. */
    Texts texts();

    /** The mistakes in the whole folder, as they can be found without starting anything. */
    List<Finding> check();
  }

  /**
   * What a reload has done.
   *
   * @param changed files whose new version runs now, or whose routes are gone
   * @param problems every file whose version on disk does not run
   */
  public record Outcome(List<Path> changed, List<ReloadProblem> problems) {
    public Outcome {
      changed = List.copyOf(changed);
      problems = List.copyOf(problems);
    }
  }

  private record Running(String text, Made made) {}

  private final CamelContext context;
  private final Path root;
  private final Endpoints endpoints;
  private final Surroundings surroundings;
  private final Clock clock;
  private final Certificates certificates;

  private final SortedMap<Path, Running> running;
  private Snapshot good = Snapshot.none();
  private volatile Providers providers = Providers.shipped();
  private volatile List<ReloadProblem> problems = List.of();

  /**
   * @param context started; has no route of these files
   * @param endpoints follows what the files declare
   * @param certificates those that platforms sign with and name in their requests
   */
  public RouteFiles(
      CamelContext context,
      Path root,
      Endpoints endpoints,
      Surroundings surroundings,
      Clock clock,
      Certificates certificates) {
    this.context = context;
    this.root = root;
    this.endpoints = endpoints;
    this.surroundings = surroundings;
    this.clock = clock;
    this.certificates = certificates;
    this.running = new TreeMap<>(order(root));
  }

  /** The route files under a folder, integrations first and the intake route last. */
  public static List<Path> in(Path root) throws RouteFileException {
    if (!Files.isDirectory(root)) {
      throw new RouteFileException(
          List.of(
              root
                  + ": there is no such folder; it should hold the route files, or set payhook.routes to the one that does"));
    }
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(file -> Snapshot.isOne(file, SUFFIX)).sorted(order(root)).toList();
    } catch (IOException e) {
      throw new RouteFileException(List.of(root + ": can't be read: " + e.getMessage()));
    }
  }

  static Comparator<Path> order(Path root) {
    return Comparator.comparing((Path file) -> root.equals(file.getParent()))
        .thenComparing(file -> file);
  }

  /** Folders below the routes folder that bring tables of their own, by the integration's name. */
  public static Map<String, Path> schemas(Path root) throws RouteFileException {
    Map<String, Path> schemas = new TreeMap<>();
    for (Path file : in(root)) {
      Path schema = file.resolveSibling("sql/schema");
      if (Files.isDirectory(schema)) {
        schemas.put(integrationOf(schema), schema);
      }
    }
    return schemas;
  }

  private static String integrationOf(Path schema) {
    return schema.getName(schema.getNameCount() - 3).toString();
  }

  /**
   * Loads all files, at the start; when one can't be used, none of the problems is left unsaid.
   *
   * @throws RouteFileException with every problem found
   */
  public synchronized void load() throws RouteFileException {
    good = Snapshot.of(root, surroundings.secrets());
    List<ReloadProblem> found = new ArrayList<>();
    try {
      providers = Providers.load(root.resolve("providers"));
    } catch (ProviderException e) {
      found.addAll(presetProblems(e));
    }
    good.kamelets().forEach((file, text) -> attempt(found, file, text, () -> make(file, text)));
    good.routes()
        .forEach(
            (file, text) ->
                attempt(
                    found,
                    file,
                    text,
                    () -> {
                      Made made = make(file, text);
                      try {
                        refuseTaken(made, running.keySet());
                        running.put(file, new Running(text, made));
                        activeEndpoints(made, providers).values().forEach(endpoints::put);
                      } catch (Exception e) {
                        running.remove(file);
                        made.removeFrom(context);
                        throw e;
                      }
                    }));
    if (!found.isEmpty()) {
      throw new RouteFileException(found.stream().map(ReloadProblem::toString).toList());
    }
  }

  private Made make(Path file, String text) throws Exception {
    refuseEmpty(text);
    return Made.in(context, file, text);
  }

  private static void attempt(List<ReloadProblem> found, Path file, String text, Step step) {
    try {
      step.run();
    } catch (Exception e) {
      LOG.debug("{}", file, e);
      found.addAll(Explanation.of(file, text, e));
    }
  }

  /** Every file whose version on disk is not the one that runs, with the reason. */
  public List<ReloadProblem> problems() {
    return problems;
  }

  /** Takes over what has changed on disk since the last time, as far as it can be used. */
  public Outcome reload() {
    return reload(false);
  }

  /** Takes over what has changed on disk, or nothing at all where any of it can't be used. */
  public Outcome reloadWhole() {
    return reload(true);
  }

  private synchronized Outcome reload(boolean whole) {
    List<ReloadProblem> found = new ArrayList<>();
    List<Path> changed = List.of();
    try {
      if (whole) {
        surroundings.check().forEach(finding -> found.add(ReloadProblem.of(finding)));
        if (!found.isEmpty()) {
          report(found);
          return new Outcome(changed, found);
        }
      }
      Snapshot disk = Snapshot.of(root, surroundings.secrets());
      changed = new Pass(disk, found, whole).run();
    } catch (RouteFileException e) {
      e.problems().forEach(problem -> found.add(ReloadProblem.of(root, problem)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      LOG.error("A reload failed; this is a mistake in Payhook. What ran before it runs on.", e);
      found.add(ReloadProblem.of(root, "the reload failed: " + Explanation.innermost(e)));
    }
    List<ReloadProblem> told = inPlainWords(found);
    report(told);
    return new Outcome(changed, told);
  }

  /** Where the check of files knows what is wrong with one, it knows better than Camel. */
  private List<ReloadProblem> inPlainWords(List<ReloadProblem> found) {
    if (found.isEmpty()) {
      return found;
    }
    Map<Path, List<ReloadProblem>> better = new LinkedHashMap<>();
    for (Finding finding : surroundings.check()) {
      if (finding.isWarning()) {
        continue;
      }
      ReloadProblem problem = ReloadProblem.of(finding);
      better.computeIfAbsent(problem.file(), file -> new ArrayList<>()).add(problem);
    }
    Set<ReloadProblem> told = new LinkedHashSet<>();
    for (ReloadProblem problem : found) {
      told.addAll(better.getOrDefault(problem.file(), List.of(problem)));
    }
    return List.copyOf(told);
  }

  private void report(List<ReloadProblem> found) {
    for (ReloadProblem problem : found) {
      if (!problems.contains(problem)) {
        LOG.warn("CONFIG: {};{}", problem, KEPT);
      }
    }
    if (found.isEmpty() && !problems.isEmpty()) {
      LOG.info("No file has a problem any more; what is on disk runs.");
    }
    problems = List.copyOf(found);
  }

  /** One reload, from what is on disk. */
  private final class Pass {
    private final Snapshot disk;
    private final List<ReloadProblem> found;
    private final boolean whole;

    /** Files that can't be rebuilt on what has changed below them, and nobody knows why. */
    private final Set<Path> refused = new TreeSet<>();

    /** Kamelets to run with: of disk, or where those can't be used the last good ones. */
    private final SortedMap<Path, String> kamelets;

    /** What the old versions used, perhaps nobody now. */
    private final Set<org.apache.camel.Endpoint> leftovers =
        Collections.newSetFromMap(new IdentityHashMap<>());

    private Providers presets = providers;
    private SortedMap<Path, String> goodPresets = good.presets();
    private SortedMap<Path, SortedMap<Path, String>> goodSchemas = good.schemas();

    Pass(Snapshot disk, List<ReloadProblem> found, boolean whole) {
      this.disk = disk;
      this.found = found;
      this.whole = whole;
      this.kamelets = new TreeMap<>(disk.kamelets());
    }

    List<Path> run() throws Exception {
      presets();
      SortedMap<Path, String> next = new TreeMap<>(order(root));
      disk.routes()
          .forEach(
              (file, text) -> {
                Running now = running.get(file);
                if (now == null || !now.text.equals(text)) {
                  next.put(file, text);
                }
              });
      Set<Path> gone = new LinkedHashSet<>(running.keySet());
      gone.removeAll(disk.routes().keySet());
      rehearse(next, gone);
      Texts.Change texts = surroundings.texts().look();
      texts
          .unusable()
          .forEach(problem -> found.add(ReloadProblem.of(problem.file(), problem.text())));
      if (whole && !found.isEmpty()) {
        return List.of();
      }
      next.keySet().removeAll(migrate());
      if (whole && !found.isEmpty()) {
        return List.of();
      }
      // What new routes need is there first.
      List<Path> changed = new ArrayList<>(texts.take());
      changed.forEach(file -> LOG.info("{} is used in its new version.", shown(file)));
      changed.addAll(swap(next, gone));
      if (!changed.isEmpty() || presets != providers || !disk.secrets().equals(good.secrets())) {
        reopenEndpoints();
      }
      good = new Snapshot(disk.routes(), kamelets, goodPresets, goodSchemas, disk.secrets());
      return changed;
    }

    /** Migrates what is new; gives the files that have to wait because a migration failed. */
    private Set<Path> migrate() {
      Set<Path> blocked = new TreeSet<>();
      SortedMap<Path, SortedMap<Path, String>> migrated = new TreeMap<>(disk.schemas());
      disk.schemas()
          .forEach(
              (folder, texts) -> {
                if (texts.equals(good.schemas().get(folder))) {
                  return;
                }
                try {
                  surroundings.migrate(integrationOf(folder), folder);
                  LOG.info("{}: its tables are at their newest version.", shown(folder));
                } catch (RuntimeException e) {
                  LOG.debug("{}", folder, e);
                  found.add(ReloadProblem.of(folder, Explanation.innermost(e)));
                  migrated.remove(folder);
                  Path integration = folder.resolve("../..").normalize();
                  for (Path file : disk.routes().keySet()) {
                    if (file.startsWith(integration)) {
                      blocked.add(file);
                    }
                  }
                }
              });
      goodSchemas = migrated;
      return blocked;
    }

    private void presets() {
      if (disk.presets().equals(good.presets())) {
        return;
      }
      try {
        Providers candidate = Providers.load(root.resolve("providers"));
        for (Map.Entry<Path, Running> file : running.entrySet()) {
          if (disk.routes().containsKey(file.getKey())) {
            activeEndpoints(file.getValue().made, candidate);
          }
        }
        presets = candidate;
        goodPresets = disk.presets();
      } catch (ProviderException e) {
        found.addAll(presetProblems(e));
      } catch (Exception e) {
        found.add(ReloadProblem.of(root.resolve("providers"), Explanation.innermost(e)));
      }
    }

    /**
     * Builds the new versions beside the running ones, until all that are left can be used; files
     * that are built on changed ones join them.
     */
    private void rehearse(SortedMap<Path, String> next, Set<Path> gone) throws Exception {
      boolean again = true;
      while (again) {
        addDependents(next, gone);
        if (next.isEmpty()) {
          return;
        }
        boolean[] failed = new boolean[1];
        surroundings.rehearse(scratch -> failed[0] = !rehearseAll(scratch, next, gone));
        again = failed[0];
      }
    }

    /** False where something had to be left out. */
    private boolean rehearseAll(CamelContext scratch, SortedMap<Path, String> next, Set<Path> gone)
        throws Exception {
      if (rehearseKamelets(scratch)) {
        return false;
      }
      for (Map.Entry<Path, Running> file : running.entrySet()) {
        Path path = file.getKey();
        if (file.getValue().made.isShared() && !next.containsKey(path) && !gone.contains(path)) {
          Made.in(scratch, path, file.getValue().text);
        }
      }
      boolean all = true;
      Map<Path, Made> made = new LinkedHashMap<>();
      for (Path file : List.copyOf(next.keySet())) {
        if (next.containsKey(file)) {
          all &= rehearse(scratch, file, made, gone, next);
        }
      }
      return all;
    }

    private boolean rehearseKamelets(CamelContext scratch) {
      boolean failed = false;
      for (Map.Entry<Path, String> kamelet : Map.copyOf(kamelets).entrySet()) {
        try {
          refuseEmpty(kamelet.getValue());
          Made.in(scratch, kamelet.getKey(), kamelet.getValue());
        } catch (Exception e) {
          found.addAll(Explanation.of(kamelet.getKey(), kamelet.getValue(), e));
          backToGood(kamelet.getKey());
          failed = true;
        }
      }
      return failed;
    }

    private void backToGood(Path kamelet) {
      String before = good.kamelets().get(kamelet);
      if (before == null) {
        kamelets.remove(kamelet);
      } else {
        kamelets.put(kamelet, before);
      }
    }

    /** False where the file can't be used, or something it is built on: then try without. */
    private boolean rehearse(
        CamelContext scratch,
        Path file,
        Map<Path, Made> others,
        Set<Path> gone,
        SortedMap<Path, String> next) {
      String text = Objects.requireNonNull(next.get(file));
      try {
        refuseEmpty(text);
        Made made = Made.in(scratch, file, text);
        Set<Path> staying = new LinkedHashSet<>(running.keySet());
        staying.removeAll(next.keySet());
        staying.removeAll(gone);
        refuseTaken(made, staying);
        for (Map.Entry<Path, Made> other : others.entrySet()) {
          refuseTaken(made, other.getKey(), other.getValue());
        }
        activeEndpoints(made, presets, scratch);
        others.put(file, made);
        return true;
      } catch (Exception e) {
        LOG.debug("{}", file, e);
        next.remove(file);
        Running now = running.get(file);
        if (now != null && now.text.equals(text)) {
          blameBelow(file, text, e, others, next);
        } else {
          found.addAll(Explanation.of(file, text, e));
        }
        return false;
      }
    }

    /** The file is as it was, so something it is built on is to blame. */
    private void blameBelow(
        Path file, String text, Exception e, Map<Path, Made> others, SortedMap<Path, String> next) {
      String failure = "with it " + shown(file) + " fails: " + Explanation.innermost(e);
      for (Path kamelet : changedKamelets()) {
        if (text.contains(nameOf(kamelet))) {
          found.add(ReloadProblem.of(kamelet, failure));
          backToGood(kamelet);
          return;
        }
      }
      for (Map.Entry<Path, Made> other : others.entrySet()) {
        Running before = running.get(other.getKey());
        boolean changed = before == null || !before.text.equals(next.get(other.getKey()));
        if (changed && other.getValue().isShared()) {
          found.add(ReloadProblem.of(other.getKey(), failure));
          next.remove(other.getKey());
          return;
        }
      }
      found.addAll(Explanation.of(file, text, e));
      refused.add(file);
    }

    private Set<Path> changedKamelets() {
      Set<Path> changed = new TreeSet<>(kamelets.keySet());
      changed.addAll(good.kamelets().keySet());
      changed.removeIf(file -> Objects.equals(kamelets.get(file), good.kamelets().get(file)));
      return changed;
    }

    private void addDependents(SortedMap<Path, String> next, Set<Path> gone) {
      Set<String> words = new TreeSet<>();
      boolean all = false;
      for (Path kamelet : changedKamelets()) {
        words.add(nameOf(kamelet));
      }
      // A kamelet that calls a changed one has to be made anew too.
      boolean more = true;
      while (more) {
        more = false;
        for (Map.Entry<Path, String> kamelet : kamelets.entrySet()) {
          if (words.stream().anyMatch(kamelet.getValue()::contains)) {
            more |= words.add(nameOf(kamelet.getKey()));
          }
        }
      }
      for (Path file : running.keySet()) {
        if (next.containsKey(file) || gone.contains(file)) {
          Made made = Objects.requireNonNull(running.get(file)).made;
          words.addAll(made.templateIds());
          all |= made.configuresRoutes();
        }
      }
      all |= next.values().stream().anyMatch(text -> text.contains("routeConfiguration"));
      for (Map.Entry<Path, Running> file : running.entrySet()) {
        String text = file.getValue().text;
        if (!next.containsKey(file.getKey())
            && !gone.contains(file.getKey())
            && !refused.contains(file.getKey())
            && (all || words.stream().anyMatch(text::contains))) {
          next.put(file.getKey(), text);
        }
      }
    }

    /** Replaces the old versions by the new ones. */
    private List<Path> swap(SortedMap<Path, String> next, Set<Path> gone) throws Exception {
      if (next.isEmpty() && gone.isEmpty()) {
        install(kamelets);
        return List.of();
      }
      // Those with the intake route last and by themselves: requests wait while it is replaced.
      SortedMap<Path, String> http = new TreeMap<>(order(root));
      Set<Path> httpGone = new LinkedHashSet<>();
      for (Map.Entry<Path, String> file : Map.copyOf(next).entrySet()) {
        Running now = running.get(file.getKey());
        if (file.getValue().contains("platform-http")
            || (now != null && now.made.takesRequests())) {
          http.put(file.getKey(), file.getValue());
          next.remove(file.getKey());
        }
      }
      for (Path file : List.copyOf(gone)) {
        if (Objects.requireNonNull(running.get(file)).made.takesRequests()) {
          httpGone.add(file);
          gone.remove(file);
        }
      }
      List<Path> changed = new ArrayList<>();
      surroundings.keepingSubscriptions(
          () -> {
            changed.addAll(swapOneByOne(next, gone));
            if (!http.isEmpty() || !httpGone.isEmpty()) {
              stopDeliveries(http.keySet());
              stopDeliveries(httpGone);
              surroundings.holdingRequests(() -> changed.addAll(swapOneByOne(http, httpGone)));
            }
          });
      Made.sweep(context, leftovers);
      return changed;
    }

    /** All at once, since a route may have moved from one to another; if that fails, by itself. */
    private List<Path> swapOneByOne(SortedMap<Path, String> next, Set<Path> gone) throws Exception {
      Optional<Path> culprit = swapTogether(next, gone);
      while (culprit.isPresent()) {
        next.remove(culprit.get());
        culprit = next.isEmpty() && gone.isEmpty() ? Optional.empty() : swapTogether(next, gone);
      }
      List<Path> changed = new ArrayList<>(next.keySet());
      changed.addAll(gone);
      return changed;
    }

    /** Empty when it went well; else the file that failed, and everything is as it was. */
    private Optional<Path> swapTogether(SortedMap<Path, String> next, Set<Path> gone)
        throws Exception {
      SortedMap<Path, Running> old = new TreeMap<>(order(root));
      for (Map.Entry<Path, Running> file : running.entrySet()) {
        if (next.containsKey(file.getKey()) || gone.contains(file.getKey())) {
          old.put(file.getKey(), file.getValue());
        }
      }
      old.values().forEach(file -> leftovers.addAll(file.made.uses(context)));
      stopDeliveries(old.keySet());
      for (Running file : old.values()) {
        file.made.removeFrom(context);
      }
      install(kamelets);
      SortedMap<Path, Running> made = new TreeMap<>(order(root));
      for (Map.Entry<Path, String> file : next.entrySet()) {
        try {
          made.put(
              file.getKey(),
              new Running(file.getValue(), Made.in(context, file.getKey(), file.getValue())));
        } catch (Exception e) {
          LOG.debug("{}", file.getKey(), e);
          found.addAll(Explanation.of(file.getKey(), file.getValue(), e));
          restore(old, made.values());
          return Optional.of(file.getKey());
        }
      }
      Set<String> beans = new TreeSet<>();
      made.values().forEach(file -> beans.addAll(file.made.beanNames()));
      for (Running file : old.values()) {
        file.made.removeBeansFrom(context, beans);
      }
      running.keySet().removeAll(old.keySet());
      running.putAll(made);
      tell(made, old, gone);
      return Optional.empty();
    }

    private void stopDeliveries(Collection<Path> files) {
      for (Path file : files) {
        Running now = running.get(file);
        if (now != null) {
          now.made.stopDeliveries(context);
        }
      }
    }

    private void restore(SortedMap<Path, Running> old, Collection<Running> made) throws Exception {
      Set<String> before = new TreeSet<>();
      old.values().forEach(file -> before.addAll(file.made.beanNames()));
      for (Running file : made) {
        file.made.removeFrom(context);
        file.made.removeBeansFrom(context, before);
      }
      install(good.kamelets());
      for (Map.Entry<Path, Running> file : old.entrySet()) {
        Path path = file.getKey();
        String text = file.getValue().text;
        try {
          running.put(path, new Running(text, Made.in(context, path, text)));
        } catch (Exception e) {
          running.remove(path);
          LOG.error(
              "CONFIG: {} could not be put back after its new version failed: {}. Its deliveries wait in the journal; mend the file"
                  + " or restart.",
              shown(path),
              Explanation.innermost(e));
        }
      }
    }

    /** Makes these the kamelets that the next routes are built with. */
    private void install(SortedMap<Path, String> wanted) throws Exception {
      for (Path file : changedKamelets()) {
        Made.forgetKamelet(context, nameOf(file));
      }
      for (Path file : changedKamelets()) {
        String text = wanted.get(file);
        if (text != null) {
          Made.in(context, file, text);
        }
      }
    }

    private void tell(SortedMap<Path, Running> made, SortedMap<Path, Running> old, Set<Path> gone) {
      made.forEach(
          (file, now) -> {
            Running before = old.get(file);
            String what =
                before == null
                    ? "is new and runs"
                    : before.text.equals(now.text)
                        ? "runs with what changed below it"
                        : "runs in its new version";
            LOG.info("{} {}: {}.", shown(file), what, String.join(", ", now.made.names()));
          });
      for (Path file : gone) {
        LOG.info(
            "{} is gone, and with it: {}. Their pending deliveries wait in the journal.",
            shown(file),
            String.join(", ", Objects.requireNonNull(old.get(file)).made.names()));
      }
    }

    /** Each request sees the old or the new verifier of its endpoint, never none. */
    private void reopenEndpoints() {
      providers = presets;
      Set<String> names = new TreeSet<>();
      running.forEach(
          (file, now) -> {
            try {
              Map<String, ActiveEndpoint> active = activeEndpoints(now.made, providers);
              names.addAll(active.keySet());
              active.values().forEach(endpoints::put);
            } catch (Exception e) {
              names.addAll(now.made.beanNames());
              found.addAll(Explanation.of(file, now.text, e));
            }
          });
      for (String name : endpoints.all().keySet()) {
        if (!names.contains(name)) {
          endpoints.remove(name);
        }
      }
    }
  }

  private void refuseTaken(Made made, Collection<Path> staying) {
    for (Path other : staying) {
      Running file = running.get(other);
      if (file != null) {
        refuseTaken(made, other, file.made);
      }
    }
  }

  private static void refuseTaken(Made made, Path other, Made others) {
    for (String id : made.routeIds()) {
      if (others.routeIds().contains(id)) {
        throw new IllegalArgumentException(
            "route id '" + id + "' is that of a route in " + shown(other) + "; give it another");
      }
    }
    for (String name : made.beanNames()) {
      if (others.beanNames().contains(name)) {
        throw new IllegalArgumentException(
            "bean '" + name + "' is that of a bean in " + shown(other) + "; give it another name");
      }
    }
  }

  private static void refuseEmpty(String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException(
          "is empty; write its routes, or delete the file to end them");
    }
  }

  private Map<String, ActiveEndpoint> activeEndpoints(Made made, Providers presets)
      throws Exception {
    return activeEndpoints(made, presets, context);
  }

  private Map<String, ActiveEndpoint> activeEndpoints(Made made, Providers presets, CamelContext in)
      throws Exception {
    Map<String, ActiveEndpoint> active = new LinkedHashMap<>();
    made.endpoints(in)
        .forEach(
            (name, declared) -> active.put(name, open(declared, presets, clock, certificates)));
    return active;
  }

  /** Makes a verifier of what a file says; fails closed when there is no secret. */
  static ActiveEndpoint open(
      DeclaredEndpoint declared, Providers providers, Clock clock, Certificates certificates) {
    String name = declared.name();
    if (declared.presets().isEmpty()) {
      throw new IllegalArgumentException(
          "endpoint "
              + name
              + " has no provider; 'provider: echezona' would be one, see 'payhook providers'");
    }
    for (String preset : declared.presets()) {
      if (providers.find(preset).isEmpty()) {
        throw new IllegalArgumentException(
            "endpoint "
                + name
                + ": there is no preset '"
                + preset
                + "'"
                + Nearest.didYouMean(preset, providers.names())
                + "; 'payhook providers' lists them");
      }
    }
    try {
      List<Provider> resolved = declared.resolve(providers);
      List<Secret> secrets = declared.parsedSecrets();
      List<Verifier> verifiers = new ArrayList<>();
      for (Provider provider : resolved) {
        // Fails closed: events that must be confirmed need the key of the platform's API.
        provider.confirmation();
        verifiers.add(new Verifier(provider, secrets, clock, certificates));
      }
      return new ActiveEndpoint(name, resolved, secrets, new Verifiers(verifiers));
    } catch (ProviderException | IllegalArgumentException e) {
      throw new IllegalArgumentException("endpoint " + name + ": " + e.getMessage(), e);
    }
  }

  private List<ReloadProblem> presetProblems(ProviderException e) {
    Path folder = ReloadProblem.shown(root.resolve("providers"));
    return e.problems().stream()
        .map(problem -> new ReloadProblem(folder, 0, 0, problem.toString()))
        .toList();
  }

  /** The presets that endpoints use now. */
  public Providers providers() {
    return providers;
  }

  private static String nameOf(Path kamelet) {
    String name = String.valueOf(kamelet.getFileName());
    return name.substring(0, name.length() - Snapshot.KAMELET.length());
  }

  private static Path shown(Path file) {
    return ReloadProblem.shown(file);
  }

  /** A word on the state of the files, for health. */
  public @Nullable String complaint() {
    List<ReloadProblem> now = problems;
    return now.isEmpty()
        ? null
        : now.get(0) + KEPT + (now.size() > 1 ? " (" + (now.size() - 1) + " more)" : "");
  }
}
