package io.payhook.routes;

import io.payhook.effects.Texts;
import io.payhook.files.Tree;
import io.payhook.intake.ActiveEndpoint;
import io.payhook.intake.Endpoints;
import io.payhook.signature.Certificates;
import io.payhook.signature.ProviderException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.camel.CamelContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The integration team's files in a running Camel context: every {@code *.camel.yaml} under the
 * routes folder, and the endpoints they declare.
 *
 * <p>A file owns what it made. {@link #reload} takes over what has changed on disk, all of it or
 * nothing: the whole folder is checked, the new versions are built beside the running ones, and
 * only when that went well the old ones are stopped, after what they run has finished, and the new
 * ones started. Otherwise what runs goes on, and the problem shows in {@link #problems} until it is
 * mended.
 */
public final class RouteFiles {
  private static final Logger LOG = LoggerFactory.getLogger(RouteFiles.class);
  private static final String KEPT = " The previous version keeps running.";

  /** How often a folder is read that changes meanwhile, such as by the switch of a mount. */
  private static final int TRIES = 5;

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

    /** Brings the integrations' own tables to their newest version. */
    void migrate(SortedMap<String, Path> schemas);

    /** The file of development secrets, which need not be there. */
    Path secrets();

    /** SQL files and templates. */
    Texts texts();

    /** A check of the whole folder that has not run yet. */
    FolderCheck check();

    /** What the statements lack in the database they run on. */
    List<Finding> describe(FolderCheck check) throws SQLException;

    /**
     * Reads the settings anew; what of them can change while running counts at once.
     *
     * @throws RouteFileException with every problem they have
     */
    NewSettings settings() throws RouteFileException;
  }

  /** Settings that were read anew. */
  public interface NewSettings {
    /** Whether a placeholder of a file may mean something else now. */
    boolean changePlaceholders();

    /** One line for each that has changed, in words for a person. */
    List<String> changed();

    /** They are in use now. */
    void keep();

    /** They are not used after all. */
    void undo();
  }

  /**
   * What a reload has done.
   *
   * @param changed files whose new version runs now, or whose routes are gone
   * @param settings one line for each setting that has changed
   * @param problems why nothing was taken over; empty where everything was
   */
  public record Outcome(List<Path> changed, List<String> settings, List<ReloadProblem> problems) {
    public Outcome {
      changed = List.copyOf(changed);
      settings = List.copyOf(settings);
      problems = List.copyOf(problems);
    }
  }

  private final Path root;
  private final Endpoints endpoints;
  private final Surroundings surroundings;
  private final Running running;

  private Snapshot good = Snapshot.none();
  private volatile Opening opening;
  private volatile List<ReloadProblem> problems = List.of();

  /** What works, must not stay so, and has been accepted by starting with it. */
  private Set<String> accepted = Set.of();

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
    this.root = root;
    this.endpoints = endpoints;
    this.surroundings = surroundings;
    this.running = new Running(context, root);
    this.opening = new Opening(Providers.shipped(), clock, certificates);
  }

  /**
   * Loads all files, at the start; when one can't be used, none of the problems is left unsaid.
   *
   * @param findings of the check, none of them fatal
   * @throws RouteFileException with every problem found
   */
  public synchronized void load(Collection<Finding> findings) throws RouteFileException {
    accepted = unsound(findings);
    Snapshot disk = stable(() -> Snapshot.of(root, surroundings.secrets()));
    List<ReloadProblem> found = new ArrayList<>();
    opening = opening.with(presets(found));
    try {
      running.install(disk.kamelets());
    } catch (Exception e) {
      found.add(ReloadProblem.of(root.resolve("kamelets"), Explanation.innermost(e)));
    }
    CamelContext context = running.context();
    disk.routes()
        .forEach(
            (file, text) ->
                NextFiles.attempt(
                    file,
                    text,
                    found,
                    () -> {
                      Made made = Running.make(context, file, text);
                      Running.refuseTaken(made, made());
                      opening.of(made, context).values().forEach(endpoints::put);
                      running.files().put(file, new Running.File(text, made));
                    }));
    if (!found.isEmpty()) {
      throw new RouteFileException(found.stream().map(ReloadProblem::toString).toList());
    }
    good = disk;
  }

  private Map<Path, Made> made() {
    Map<Path, Made> made = new LinkedHashMap<>();
    running.files().forEach((file, now) -> made.put(file, now.made()));
    return made;
  }

  private Providers presets(List<ReloadProblem> found) {
    Path folder = root.resolve("providers");
    try {
      return Providers.load(folder);
    } catch (ProviderException e) {
      Path shown = ReloadProblem.shown(folder);
      e.problems()
          .forEach(problem -> found.add(new ReloadProblem(shown, 0, 0, problem.toString())));
      return opening.presets();
    }
  }

  private interface Reading<T> {
    T read() throws RouteFileException;
  }

  /** What was read while no file changed, so that no part of it is older than another. */
  private <T> T stable(Reading<T> reading) throws RouteFileException {
    for (int tries = 1; tries <= TRIES; tries++) {
      Tree before = Tree.of(root);
      T result;
      try {
        result = reading.read();
      } catch (RouteFileException e) {
        if (before.equals(Tree.of(root))) {
          throw e;
        }
        continue;
      }
      if (before.equals(Tree.of(root))) {
        return result;
      }
    }
    throw new RouteFileException(
        List.of(
            ReloadProblem.shown(root) + ": its files change while they are read; let them rest"));
  }

  /** Why what is on disk is not what runs; empty where it is. */
  public List<ReloadProblem> problems() {
    return problems;
  }

  /** Takes over what has changed on disk, or nothing at all where any of it can't be used. */
  public synchronized Outcome reload() {
    List<ReloadProblem> found = new ArrayList<>();
    List<Path> changed = List.of();
    List<String> settings = List.of();
    try {
      NewSettings fresh = surroundings.settings();
      boolean kept = false;
      try {
        settings = fresh.changed();
        changed = takeOver(found, fresh.changePlaceholders());
        kept = found.isEmpty();
      } finally {
        if (kept) {
          fresh.keep();
        } else {
          fresh.undo();
        }
      }
    } catch (RouteFileException e) {
      e.problems().forEach(problem -> found.add(ReloadProblem.parse(root, problem)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      LOG.error("A reload failed; this is a mistake in Payhook. What ran before it runs on.", e);
      found.add(ReloadProblem.of(root, "the reload failed: " + Explanation.innermost(e)));
    }
    report(found);
    return new Outcome(changed, found.isEmpty() ? settings : List.of(), found);
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

  /** What was read of the folder at one moment. */
  private record Disk(
      FolderCheck check, List<Finding> findings, Snapshot texts, Texts.Change used) {}

  private Disk read() throws RouteFileException {
    FolderCheck check = surroundings.check();
    List<Finding> findings = check.run();
    refuse(findings);
    return new Disk(
        check, findings, Snapshot.of(root, surroundings.secrets()), surroundings.texts().look());
  }

  /** Refuses what does not work, and what works and is worse than what has been accepted. */
  private void refuse(List<Finding> findings) throws RouteFileException {
    List<String> refused =
        findings.stream()
            .filter(each -> each.isFatal() || (each.isUnsound() && !accepted.contains(key(each))))
            .map(Finding::toString)
            .toList();
    if (!refused.isEmpty()) {
      throw new RouteFileException(refused);
    }
  }

  private static Set<String> unsound(Collection<Finding> findings) {
    Set<String> keys = new HashSet<>();
    findings.stream().filter(Finding::isUnsound).forEach(each -> keys.add(key(each)));
    return keys;
  }

  private static String key(Finding finding) {
    return finding.file() + ": " + finding.what();
  }

  private List<Path> takeOver(List<ReloadProblem> found, boolean anew) throws Exception {
    Disk disk = stable(this::read);
    Snapshot texts = disk.texts;
    boolean otherPresets = !texts.presets().equals(good.presets());
    Opening next = otherPresets ? opening.with(presets(found)) : opening;
    NextFiles files = NextFiles.of(root, running, texts, anew);
    if (found.isEmpty() && !(files.isEmpty() && running.changed(files.kamelets()).isEmpty())) {
      surroundings.rehearse(scratch -> files.rehearse(scratch, running, next, found));
    }
    if (!found.isEmpty()) {
      return List.of();
    }
    migrate(texts);
    refuse(surroundings.describe(disk.check));
    // What new routes need is there first.
    List<Path> changed = new ArrayList<>(disk.used.take());
    changed.forEach(file -> LOG.info("{} is used in its new version.", shown(file)));
    disk.used
        .unusable()
        .forEach(
            each ->
                LOG.warn(
                    "{}: {}; no route uses it, and it is not taken over.",
                    each.file(),
                    each.text()));
    close(texts);
    List<Path> swapped = new Swap(root, running, surroundings, found).to(files);
    if (found.isEmpty()) {
      changed.addAll(swapped);
      opening = next;
      accepted = unsound(disk.findings);
    }
    boolean opened = anew || !swapped.isEmpty() || !found.isEmpty();
    if (opened || otherPresets || !texts.secrets().equals(good.secrets())) {
      open();
    }
    if (found.isEmpty()) {
      good = texts;
    }
    return changed;
  }

  /** Migrates what is new. */
  private void migrate(Snapshot texts) throws RouteFileException {
    if (texts.schemas().equals(good.schemas())) {
      return;
    }
    SortedMap<String, Path> schemas = new TreeMap<>(Integrations.in(root).schemas());
    schemas.keySet().removeIf(name -> !texts.schemas().containsKey(name));
    try {
      surroundings.migrate(schemas);
    } catch (RuntimeException e) {
      LOG.debug("migration", e);
      throw new RouteFileException(List.of(shown(root) + ": " + Explanation.innermost(e)));
    }
    for (Map.Entry<String, Path> schema : schemas.entrySet()) {
      String name = schema.getKey();
      if (!Objects.equals(texts.schemas().get(name), good.schemas().get(name))) {
        LOG.info("{}: its tables are at their newest version.", shown(schema.getValue()));
      }
    }
  }

  /**
   * Closes the endpoints that no file declares any more, before any of their routes goes: an event
   * that was let in would be kept, answered 200, and done by nobody.
   */
  private void close(Snapshot texts) throws Exception {
    Set<String> staying = new HashSet<>();
    texts
        .routes()
        .forEach(
            (file, text) ->
                staying.addAll(
                    DeclaredEndpoint.of(file, text, running.context()::resolvePropertyPlaceholders)
                        .keySet()));
    List<String> going =
        endpoints.all().keySet().stream().filter(name -> !staying.contains(name)).toList();
    if (!going.isEmpty()) {
      surroundings.holdingRequests(() -> going.forEach(endpoints::remove));
      LOG.info("Closed: {}. Their requests are answered 503 for a minute, then 404.", going);
    }
  }

  /** Each request sees the old or the new verifier of its endpoint, never none. */
  private void open() {
    Map<String, ActiveEndpoint> all = new LinkedHashMap<>();
    running
        .files()
        .values()
        .forEach(file -> all.putAll(opening.of(file.made(), running.context())));
    all.values().forEach(endpoints::put);
  }

  /** The presets that endpoints use now. */
  public Providers providers() {
    return opening.presets();
  }

  private static Path shown(Path file) {
    return ReloadProblem.shown(file);
  }
}
