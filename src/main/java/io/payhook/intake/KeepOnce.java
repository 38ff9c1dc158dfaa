package io.payhook.intake;

import io.payhook.journal.Receipt;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.camel.AsyncCallback;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Ordered;
import org.apache.camel.Processor;
import org.apache.camel.processor.idempotent.IdempotentConsumer;
import org.apache.camel.spi.InterceptStrategy;
import org.apache.camel.support.AsyncProcessorSupport;
import org.jspecify.annotations.Nullable;

/**
 * Inserts the event: the step that {@code intake.camel.yaml} does not show. It runs immediately
 * before each idempotent consumer whose repository is the journal, stores the event together with
 * its deliveries, records the outcome in the {@link Reception}, and continues with the consumer
 * after the commit, on the request's event loop.
 *
 * <p>The insert cannot happen in {@link JournalRepository#add}: Camel's idempotent consumer calls
 * its repository synchronously, so each request would hold a thread until its commit (ADR 6).
 */
final class KeepOnce extends AsyncProcessorSupport {
  private final IdempotentConsumer consumer;
  private final JournalRepository journal;

  private KeepOnce(IdempotentConsumer consumer, JournalRepository journal) {
    this.consumer = consumer;
    this.journal = journal;
  }

  /** Puts this step before each idempotent consumer over the journal while routes are built. */
  static final class Strategy implements InterceptStrategy, Ordered {
    /** Innermost, because any other wrapper would hide the consumer's type. */
    @Override
    public int getOrder() {
      return LOWEST;
    }

    @Override
    public Processor wrapProcessorInInterceptors(
        CamelContext context,
        NamedNode definition,
        Processor target,
        @Nullable Processor nextTarget) {
      return target instanceof IdempotentConsumer consumer
              && consumer.getIdempotentRepository() instanceof JournalRepository journal
          ? new KeepOnce(consumer, journal)
          : target;
    }
  }

  @Override
  public boolean process(Exchange exchange, AsyncCallback callback) {
    CompletableFuture<List<Receipt>> kept;
    Reception reception;
    try {
      reception = Reception.of(exchange);
      if (reception == null) {
        throw new IllegalStateException(JournalRepository.UNVERIFIED);
      }
      String key = consumer.getMessageIdExpression().evaluate(exchange, String.class);
      if (key == null) {
        // The consumer itself reports an expression without a result.
        return consumer.process(exchange, callback);
      }
      kept = journal.keep(reception, key);
    } catch (RuntimeException e) {
      exchange.setException(e);
      callback.done(true);
      return true;
    }
    Context loop = Vertx.currentContext();
    var unused =
        kept.whenComplete(
            (receipts, failure) -> {
              if (loop == null) {
                goOn(exchange, reception, receipts, failure, callback);
              } else {
                loop.runOnContext(now -> goOn(exchange, reception, receipts, failure, callback));
              }
            });
    return false;
  }

  private void goOn(
      Exchange exchange,
      Reception reception,
      List<Receipt> receipts,
      @Nullable Throwable failure,
      AsyncCallback callback) {
    if (failure == null) {
      journal.kept(reception, receipts);
      consumer.process(exchange, doneSync -> callback.done(false));
    } else {
      exchange.setException(journal.notKept(reception, failure));
      callback.done(false);
    }
  }
}
