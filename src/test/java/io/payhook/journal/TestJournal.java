package io.payhook.journal;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A journal of node-a whose callers wait for the commit. */
public final class TestJournal implements AutoCloseable {
  private final Journal journal;

  public TestJournal(DataSource dataSource) {
    this(dataSource, 1, 1_000);
  }

  TestJournal(DataSource dataSource, int writers, int queue) {
    this(dataSource, writers, queue, event -> {});
  }

  /** One of a process that delivers, too. */
  public TestJournal(DataSource dataSource, Deliveries deliveries) {
    this(dataSource, 1, 1_000, deliveries::doubt);
  }

  private TestJournal(DataSource dataSource, int writers, int queue, Consumer<UUID> doubtful) {
    journal =
        new Journal(
            dataSource,
            "node-a",
            Duration.ofSeconds(30),
            writers,
            queue,
            Duration.ofSeconds(20),
            Clock.systemUTC(),
            new Journal.Listener() {},
            doubtful);
  }

  /** A JSON event of endpoint payments, without what most tests do not look at. */
  public static NewEvent event(String type, String key, @Nullable String entity, String body) {
    return event(type, key, entity, "application/json", body);
  }

  public static NewEvent event(
      String type, String key, @Nullable String entity, String contentType, String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    return new NewEvent(
        "payments",
        type,
        key,
        new Facts(entity, null, null, null, Facts.WEBHOOK),
        null,
        "POST",
        "/",
        contentType,
        "[]",
        bytes,
        NewEvent.Sameness.of(stored -> Arrays.equals(stored, bytes)));
  }

  public Receipt append(NewEvent event, List<? extends Recipient> recipients)
      throws JournalUnavailableException, InterruptedException {
    try {
      return journal.begin(event, recipients).get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof JournalUnavailableException unavailable) {
        throw unavailable;
      }
      throw new AssertionError(e.getCause());
    }
  }

  CompletableFuture<Receipt> begin(NewEvent event, List<? extends Recipient> recipients) {
    return journal.begin(event, recipients);
  }

  @Override
  public void close() {
    journal.close();
  }
}
