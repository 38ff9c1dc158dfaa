package io.payhook.tools.check;

import io.payhook.kit.Located.Place;
import io.payhook.kit.Located.Text;
import io.payhook.signature.Provider;
import io.payhook.tools.check.Declarations.Declared;
import io.payhook.tools.check.MoneyUse.Amount;
import io.payhook.tools.check.Rehearsal.Problem;
import io.payhook.tools.check.Rehearsal.TextProblem;
import io.payhook.tools.check.RouteCheck.Route;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Warns where routes take for money what is none, as {@link MoneyUse} finds it. */
final class MoneyCheck {
  private final Check check;
  private final Declarations declared;
  private final Map<Route, MoneyUse> uses = new HashMap<>();

  MoneyCheck(Check check, Declarations declared) {
    this.check = check;
    this.declared = declared;
  }

  void template(@Nullable Route route, Path file) {
    warn(check, use(route).template(file));
  }

  /**
   * @param connection to a database with the integration's tables, or null
   */
  void sql(@Nullable Route route, Path file, @Nullable Connection connection) throws SQLException {
    warn(check, use(route).sql(file, connection));
  }

  /**
   * @param value the text with its placeholders resolved
   * @param condition whether it is one
   */
  void text(Path file, @Nullable Route route, Text text, String value, boolean condition) {
    boolean same = value.equals(text.value());
    for (TextProblem problem : use(route).text(value, condition)) {
      check.warn(file, text.at(same ? problem.offset() : 0), problem.what(), problem.right());
    }
  }

  /** A script that makes an integration's tables; any other file is left out. */
  static void schema(Check check, Path file) {
    Path folder = file.getParent();
    if (folder != null && folder.endsWith("sql/schema") && file.toString().endsWith(".sql")) {
      warn(check, MoneyUse.schema(file));
    }
  }

  private static void warn(Check check, List<Problem> problems) {
    for (Problem problem : problems) {
      check.warn(
          problem.file(),
          new Place(problem.line(), problem.column()),
          problem.what(),
          problem.right());
    }
  }

  private MoneyUse use(@Nullable Route route) {
    return route == null
        ? new MoneyUse(List.of())
        : uses.computeIfAbsent(route, key -> new MoneyUse(amounts(key)));
  }

  /** The places of amounts in the events that a route subscribes to. */
  private List<Amount> amounts(Route route) {
    List<Amount> amounts = new ArrayList<>();
    Subscription.of(route.from)
        .ifPresent(
            subscription ->
                declared.endpoints().values().stream()
                    .filter(subscription::takesFrom)
                    .forEach(endpoint -> amounts(endpoint, subscription.types(endpoint), amounts)));
    return amounts;
  }

  private static void amounts(Declared endpoint, Set<String> types, List<Amount> into) {
    for (Provider provider : endpoint.providers()) {
      for (String type : types) {
        into.addAll(AmountPlaces.of(provider, type).amounts(endpoint.name()));
      }
    }
  }
}
