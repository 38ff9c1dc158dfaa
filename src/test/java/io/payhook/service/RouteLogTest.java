package io.payhook.service;

import static io.payhook.service.RunningService.await;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

@Tag("service")
final class RouteLogTest {
  @TempDir Path folder;

  @Test
  void what_a_route_logs_is_printed_under_its_name() throws Exception {
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    Logger logger = (Logger) LoggerFactory.getLogger("io.payhook.route");
    logger.addAppender(lines);
    try (RunningService running =
        RunningService.start(folder, Map.of("payhook.routes.reload", "off"))) {
      running.save(
          "payments/note.camel.yaml",
          """
          - route:
              id: note-payment
              description: Says that a payment came.
              from:
                uri: event:payments/payment.success
                steps:
                  - log:
                      message: "a payment of ${variable.amount}"
                  - to:
                      uri: log:receipts
          """);
      assertThat(running.service.reload().problems()).isEmpty();
      String event = running.send("payment.success", "LOG-1");
      await("noted", () -> "done".equals(running.deliveries(event).get("note-payment")));
      assertThat(List.copyOf(lines.list))
          .extracting(ILoggingEvent::getLoggerName)
          .contains("io.payhook.route.note-payment", "io.payhook.route.receipts");
    } finally {
      logger.detachAppender(lines);
    }
  }
}
