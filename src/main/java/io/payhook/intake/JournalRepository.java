package io.payhook.intake;

import io.payhook.journal.Facts;
import io.payhook.journal.Journal;
import io.payhook.journal.NewEvent;
import io.payhook.journal.Receipt;
import io.payhook.journal.Recipients;
import io.payhook.signature.Provider;
import io.payhook.signature.RawRequest;
import io.payhook.signature.VerifiedEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.camel.Exchange;
import org.apache.camel.spi.IdempotentRepository;
import org.apache.camel.support.service.ServiceSupport;
import org.jspecify.annotations.Nullable;

/**
 * The journal as the repository of Camel's idempotent consumer, bean {@code journal}. It stores
 * nothing when the consumer calls {@link #add}: {@link KeepOnce} has inserted the event and its
 * deliveries by then, through {@link #keep}, and {@code add} returns the outcome. A key is never
 * removed: a committed event stays.
 */
public final class JournalRepository extends ServiceSupport implements IdempotentRepository {
  static final String UNVERIFIED =
      "an event reached the journal without the step 'signature' before it; the intake route must verify first";

  private final Journal journal;
  private final Recipients recipients;
  private final IntakeMeters meters;

  JournalRepository(Journal journal, Recipients recipients, IntakeMeters meters) {
    this.journal = journal;
    this.recipients = recipients;
    this.meters = meters;
  }

  /**
   * Stores the exchange's event under a key. Each item of a batch is an event with a key of its
   * own. The single answer waits for all of them; if one cannot be stored, the sender tries again,
   * and the others are duplicates then.
   *
   * @return completes after the commit, on a thread of the journal, or with {@link Unavailable}
   */
  CompletableFuture<List<Receipt>> keep(Reception reception, String key) {
    String endpoint = reception.endpoint.name();
    List<VerifiedEvent> items = reception.event.items();
    List<CompletableFuture<Receipt>> receipts = new ArrayList<>(items.size());
    for (VerifiedEvent item : items) {
      NewEvent event = newEvent(reception, item, items.size() == 1 ? key : item.key());
      receipts.add(
          journal.begin(event, recipients.of(endpoint, event.sameness().provider(), item.type())));
    }
    return receipts.size() == 1
        ? receipts.get(0).thenApply(List::of)
        : CompletableFuture.allOf(receipts.toArray(CompletableFuture[]::new))
            .thenApply(all -> receipts.stream().map(CompletableFuture::join).toList());
  }

  /** Records the outcome for {@link #add} and the answer, and counts it. */
  void kept(Reception reception, List<Receipt> receipts) {
    Receipt told = receipts.get(0);
    for (Receipt receipt : receipts) {
      count(reception, receipt.status().name().toLowerCase(Locale.ROOT));
      if (receipt.status() == Receipt.Status.ACCEPTED && told.status() != Receipt.Status.ACCEPTED) {
        told = receipt;
      }
    }
    reception.receipt = told;
  }

  /** The exception that takes the exchange to the route's error handler. */
  RuntimeException notKept(Reception reception, Throwable failure) {
    count(reception, "unavailable");
    return new Unavailable(
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure);
  }

  private void count(Reception reception, String status) {
    meters.accepted(reception.endpoint.name(), status, reception.event.secretLabel());
  }

  /** Returns the outcome that {@link KeepOnce} recorded; never writes. */
  @Override
  public boolean add(Exchange exchange, String key) {
    Reception reception = Reception.of(exchange);
    if (reception == null || reception.receipt == null) {
      throw new IllegalStateException(UNVERIFIED);
    }
    return reception.receipt.status() == Receipt.Status.ACCEPTED;
  }

  /** Carries the cause out of the EIP without the cost of a stack trace. */
  static final class Unavailable extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unavailable(Throwable cause) {
      super(cause.getMessage(), cause, false, false);
    }
  }

  private static NewEvent newEvent(Reception reception, VerifiedEvent event, String key) {
    ActiveEndpoint endpoint = reception.endpoint;
    String target = Credentials.masked(reception.target, endpoint.credentialParameters());
    RawRequest request = event.request();
    byte[] body = request.body();
    Provider provider = event.provider();
    boolean several = endpoint.providers().size() > 1;
    return new NewEvent(
        endpoint.name(),
        event.type(),
        key,
        new Facts(
            event.entity(), event.occurredAt(), event.amount(), event.currency(), Facts.WEBHOOK),
        event.secretLabel(),
        request.method(),
        target,
        contentType(request),
        Credentials.masked(request.headers(), endpoint.credentialHeaders()),
        body,
        new NewEvent.Sameness(
            stored -> SameEvent.test(stored, body, provider.ignored()),
            several ? provider.name() : null,
            event.recurs() ? null : event.signedDigest(),
            event.recurs() ? provider.recurrence() : null));
  }

  private static @Nullable String contentType(RawRequest request) {
    for (RawRequest.Header header : request.headers()) {
      if (header.name().equalsIgnoreCase("Content-Type")) {
        return header.value();
      }
    }
    return null;
  }

  @Override
  public boolean add(String key) {
    throw new UnsupportedOperationException(
        "the journal keeps events, not bare keys; use it in an idempotentConsumer");
  }

  @Override
  public boolean contains(String key) {
    throw new UnsupportedOperationException(
        "the journal decides with its insert; idempotentConsumer must stay eager");
  }

  /** A journaled event is never removed, whatever fails afterwards. */
  @Override
  public boolean remove(String key) {
    return false;
  }

  @Override
  public boolean confirm(String key) {
    return true;
  }

  @Override
  public void clear() {
    throw new UnsupportedOperationException(
        "the journal is not cleared; payhook.journal.retention ages it out");
  }
}
