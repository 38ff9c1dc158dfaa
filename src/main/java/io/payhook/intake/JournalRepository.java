package io.payhook.intake;

import io.payhook.journal.Journal;
import io.payhook.journal.JournalUnavailableException;
import io.payhook.journal.NewEvent;
import io.payhook.journal.Receipt;
import io.payhook.journal.Recipient;
import io.payhook.signature.RawRequest;
import io.payhook.signature.VerifiedEvent;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import org.apache.camel.Exchange;
import org.apache.camel.spi.IdempotentRepository;
import org.apache.camel.support.service.ServiceSupport;
import org.jspecify.annotations.Nullable;

/**
 * The journal as the repository of Camel's idempotent consumer, as bean {@code journal}: adding the
 * key keeps the event and its deliveries in one commit. A key is never removed: what is in the
 * journal stays.
 */
public final class JournalRepository extends ServiceSupport implements IdempotentRepository {
  private final Journal journal;
  private final BiFunction<String, String, List<Recipient>> recipients;
  private final IntakeMeters meters;

  JournalRepository(
      Journal journal,
      BiFunction<String, String, List<Recipient>> recipients,
      IntakeMeters meters) {
    this.journal = journal;
    this.recipients = recipients;
    this.meters = meters;
  }

  @Override
  public boolean add(Exchange exchange, String key) {
    Reception reception = Reception.of(exchange);
    if (reception == null) {
      throw new IllegalStateException(
          "an event reached the journal without the step 'signature' before it; the intake route must verify first");
    }
    VerifiedEvent event = reception.event;
    String endpoint = reception.endpoint.name();
    List<VerifiedEvent> items = event.items();
    try {
      if (items.size() == 1) {
        VerifiedEvent one = items.get(0);
        Receipt receipt =
            journal.append(newEvent(reception, one, key), recipients.apply(endpoint, one.type()));
        reception.receipt = receipt;
        count(endpoint, receipt, event);
        return receipt.status() == Receipt.Status.ACCEPTED;
      }
      return addAll(reception, items);
    } catch (JournalUnavailableException e) {
      meters.accepted(endpoint, "unavailable", event.secretLabel());
      throw new Unavailable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Unavailable(e);
    }
  }

  private void count(String endpoint, Receipt receipt, VerifiedEvent event) {
    meters.accepted(
        endpoint, receipt.status().name().toLowerCase(Locale.ROOT), event.secretLabel());
  }

  /**
   * Every item of a batch is an event with a key of its own. The one answer waits for all of them;
   * when one can't be kept the sender tries again, and finds the others as duplicates.
   */
  private boolean addAll(Reception reception, List<VerifiedEvent> items)
      throws JournalUnavailableException, InterruptedException {
    String endpoint = reception.endpoint.name();
    List<Receipt> receipts =
        journal.appendAll(
            items.stream().map(item -> newEvent(reception, item, item.key())).toList(),
            event -> recipients.apply(endpoint, event.type()));
    Receipt told = receipts.get(0);
    for (int i = 0; i < receipts.size(); i++) {
      Receipt receipt = receipts.get(i);
      count(endpoint, receipt, items.get(i));
      if (receipt.status() == Receipt.Status.ACCEPTED && told.status() != Receipt.Status.ACCEPTED) {
        told = receipt;
      }
    }
    reception.receipt = told;
    return told.status() == Receipt.Status.ACCEPTED;
  }

  /** Carries the reason out of the EIP, without the cost of a stack trace. */
  static final class Unavailable extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unavailable(Exception cause) {
      super(cause.getMessage(), cause, false, false);
    }
  }

  private static NewEvent newEvent(Reception reception, VerifiedEvent event, String key) {
    ActiveEndpoint endpoint = reception.endpoint;
    String target = reception.target;
    RawRequest request = event.request();
    byte[] body = request.body();
    return new NewEvent(
        endpoint.name(),
        event.type(),
        key,
        event.entity(),
        event.occurredAt(),
        event.amount(),
        event.currency(),
        event.secretLabel(),
        request.method(),
        target,
        contentType(request),
        SignatureProcessor.headersJson(request.headers(), endpoint.provider().credentialHeaders()),
        body,
        stored -> SameEvent.test(stored, body, endpoint.provider().ignored()));
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
