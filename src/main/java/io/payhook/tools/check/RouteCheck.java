package io.payhook.tools.check;

import io.payhook.kit.Located;
import io.payhook.tools.check.Declarations.Declared;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;

/** Checks the routes of all files: each step by itself, then what they are to each other. */
final class RouteCheck {
  private final Findings findings;
  private final Path root;
  private final Declarations declared;
  private final Kamelets kamelets;
  private final Routes routes;
  private final MoneyCheck money;
  private final Components components = new Components();
  private final ClearSecrets secrets;
  private final RouteReader reader;

  /**
   * @param whole whether every file could be read: what one file lacks may stand in another
   */
  RouteCheck(
      Findings findings, Path root, Declarations declared, Kamelets kamelets, boolean whole) {
    this.findings = findings;
    this.root = root;
    this.declared = declared;
    this.kamelets = kamelets;
    this.routes = new Routes(findings, declared, whole);
    this.money = new MoneyCheck(findings, declared);
    this.secrets = new ClearSecrets(findings);
    this.reader = new RouteReader(findings, routes, components, secrets);
  }

  void routes(Located document) {
    reader.routes(document);
  }

  void kamelet(Located document) {
    reader.kamelet(document);
  }

  /** What routes are to each other, and what their addresses and expressions say. */
  void together() {
    routes.ids();
    AddressCheck addresses =
        new AddressCheck(
            findings,
            routes,
            declared,
            components,
            kamelets,
            secrets,
            new SubscriptionCheck(findings, root, declared, routes));
    routes.uses.forEach(addresses::check);
    intake();
    Expressions expressions = new Expressions(findings, routes, money);
    routes.spoken.forEach(expressions::check);
    new SignatureFirst(findings, routes.uses).check(routes.routes);
    new TransactedCheck(findings, routes.uses).check();
  }

  /** Endpoints that no request reaches. */
  private void intake() {
    boolean there =
        routes.uses.stream()
            .anyMatch(use -> use.isFrom() && use.uri().value().startsWith("platform-http:"));
    if (!there && routes.whole && !declared.endpoints().isEmpty()) {
      Declared first = declared.endpoints().values().iterator().next();
      findings.problem(
          first.name().location(),
          "no route takes the requests of endpoint '%s'".formatted(first.name()),
          "copy intake.camel.yaml of a new Payhook into %s/".formatted(root.getFileName()));
    }
  }

  /** Tries what the kamelets that ship are told to do. */
  void effects(Schema tables) {
    tables.make();
    effects().check(tables);
  }

  /** Looks whether a database has what statements name. */
  void describe(Connection connection) throws SQLException {
    effects().describe(connection);
  }

  private EffectCheck effects() {
    return new EffectCheck(findings, routes, kamelets, money);
  }
}
