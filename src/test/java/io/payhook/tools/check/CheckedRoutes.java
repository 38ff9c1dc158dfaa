package io.payhook.tools.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.routes.Finding;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Settings;
import io.payhook.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/**
 * A routes folder of one endpoint, {@code shop} at Paystack, which counts kobo. Nothing is wrong in
 * it until a test breaks one thing.
 */
final class CheckedRoutes {
  static final String SHOP = "shop/shop.camel.yaml";
  static final String NEW = "shop/new.camel.yaml";
  static final String STATEMENT = "shop/sql/record-order.sql";
  static final String TABLES = "shop/sql/schema/V001__orders.sql";
  static final String HTML = "shop/email/receipt.html";
  static final String TEXT = "shop/email/receipt.txt";
  static final String JSON = "shop/crm/order.json";

  private static final TestDatabase DATABASE = TestDatabase.create();
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-23T12:00:00Z"), ZoneOffset.UTC);

  private final Path folder;

  CheckedRoutes(Path folder) throws IOException {
    this.folder = folder;
    Files.copy(Path.of("routes/intake.camel.yaml"), folder.resolve("intake.camel.yaml"));
    write(
        SHOP,
        """
        - beans:
            - name: shop
              type: io.payhook.Endpoint
              properties:
                provider: paystack
                secrets: "{{env:SHOP_WEBHOOK_SECRET}}"
        - route:
            id: record-order
            description: Marks the order as paid.
            from:
              uri: event:shop/charge.success
              parameters:
                transacted: true
              steps:
                - to:
                    uri: kamelet:database-sink
                    parameters:
                      statement: sql/record-order.sql
        - route:
            id: order-receipt
            description: E-mails the customer a receipt.
            from:
              uri: event:shop/charge.success
              steps:
                - to:
                    uri: kamelet:email-sink
                    parameters:
                      template: email/receipt.html
                      to: "${variable.event[data][customer][email]}"
        - route:
            id: crm-order
            description: Tells the CRM of the order.
            from:
              uri: event:shop/charge.success
              steps:
                - to:
                    uri: kamelet:crm-sink
                    parameters:
                      path: "/orders/${variable.event[data][reference]}"
                      body: crm/order.json
        """);
    write(
        TABLES,
        """
        create table orders (
          reference    text primary key,
          amount_kobo  bigint,
          amount       numeric(14,2),
          fee          numeric
        );
        """);
    write(
        STATEMENT,
        """
        -- The amount is kept as it came.
        insert into orders (reference, amount_kobo)
        values (:event.data.reference, :event.data.amount)
        on conflict (reference) do update set
          amount_kobo = :event.data.amount;
        """);
    write(
        HTML,
        """
        <title>Your receipt</title>
        <p>{{ event.data.amount | money(event.data.currency, unit="minor") }}</p>
        """);
    write(TEXT, "Paid: {{ event.data.amount }} kobo, {{ event.data.reference }}\n");
    write(JSON, "{\"amount_kobo\": {{ event.data.amount }}}\n");
    write(
        "shop/samples/charge.success.json",
        """
        {
          "event": "charge.success",
          "data": {
            "id": 3029611001,
            "reference": "order-1001",
            "amount": 500050,
            "fees": 17501,
            "currency": "NGN",
            "paid_at": "2026-11-01T09:15:30.000Z",
            "customer": {"first_name": "Ada", "email": "ada.obi@example.com"}
          }
        }
        """);
  }

  void write(String file, String text) throws IOException {
    Files.createDirectories(folder.resolve(file).getParent());
    Files.writeString(folder.resolve(file), text);
  }

  void replace(String file, String old, String by) throws IOException {
    String text = Files.readString(folder.resolve(file));
    assertThat(text).contains(old);
    int at = text.indexOf(old);
    write(file, text.substring(0, at) + by + text.substring(at + old.length()));
  }

  /** Adds a route that starts well, with these steps from line 7 and column 9 on. */
  void addRoute(String steps) throws IOException {
    write(
        NEW,
        """
        - route:
            id: try-it
            description: Tries something.
            from:
              uri: event:shop/charge.success
              steps:
        """
            + steps.indent(8));
  }

  /** What is found, each with its file below the folder. */
  List<String> findings() {
    Settings settings = Settings.of(Map.of("payhook.data", folder + "/data"));
    return new Check(
            folder, Placeholders.forReading(settings), settings.names(), DATABASE::connect, CLOCK)
        .run().stream().map(this::shown).toList();
  }

  private String shown(Finding finding) {
    Path file = Path.of("").toAbsolutePath().resolve(finding.file());
    return new Finding(
            folder.relativize(file).toString(),
            finding.line(),
            finding.column(),
            finding.severity(),
            finding.what(),
            finding.right())
        .toString();
  }
}
