package io.payhook.tools.check;

import static io.payhook.tools.check.CheckedRoutes.NEW;
import static io.payhook.tools.check.CheckedRoutes.SHOP;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps on another database than the one whose transaction a route shares. */
@Tag("service")
class TransactedCheckTest {
  private static final String NOT_COVERED =
      ": warning: transacted does not cover 'company': what this step writes is committed at once,"
          + " stays when the delivery fails, and is written again by each retry; write it so that a"
          + " repeat changes nothing (on conflict do nothing), in a route of its own without transacted";

  @TempDir Path folder;
  private CheckedRoutes routes;

  @BeforeEach
  void begin() throws IOException {
    routes = new CheckedRoutes(folder);
    routes.replace(
        SHOP,
        "- beans:\n",
        """
        - beans:
            - name: company
              type: org.postgresql.ds.PGSimpleDataSource
              properties:
                url: "jdbc:postgresql://127.0.0.1:5432/company"
        """);
    routes.addRoute("- to:\n    uri: jdbc:company\n");
    transacted();
  }

  private void transacted() throws IOException {
    routes.replace(
        NEW,
        "event:shop/charge.success\n",
        "event:shop/charge.success\n      parameters:\n        transacted: true\n");
  }

  @Test
  void a_step_on_another_database_is_found() {
    assertThat(routes.findings()).containsExactly("shop/new.camel.yaml:10:18" + NOT_COVERED);
  }

  @Test
  void a_route_that_is_called_runs_in_the_same_transaction() throws IOException {
    routes.addRoute("- to:\n    uri: direct:book\n");
    transacted();
    routes.write(
        "shop/book.camel.yaml",
        """
        - route:
            id: book
            description: Books it.
            from:
              uri: direct:book
              steps:
                - to:
                    uri: jdbc:company
        """);
    assertThat(routes.findings()).containsExactly("shop/book.camel.yaml:8:18" + NOT_COVERED);
  }

  @Test
  void payhooks_own_database_is_covered() throws IOException {
    routes.replace(NEW, "jdbc:company", "jdbc:payhook");
    assertThat(routes.findings()).isEmpty();
  }

  @Test
  void without_transacted_there_is_nothing_to_say() throws IOException {
    routes.replace(NEW, "transacted: true", "transacted: false");
    assertThat(routes.findings()).isEmpty();
  }
}
