package io.payhook.tools.routetest;

import io.payhook.kit.Nearest;
import io.payhook.tools.routetest.RouteTest.Fault;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.AsyncCallback;
import org.apache.camel.AsyncProcessor;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Processor;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.apache.camel.spi.InterceptStrategy;
import org.apache.camel.support.processor.DelegateAsyncProcessor;
import org.jspecify.annotations.Nullable;

/**
 * What fails during one test: steps by their id here, mail server, CRM and the providers' APIs in
 * their stand-ins.
 */
final class Faults implements InterceptStrategy {
  /** The step of the kamelet {@code database-sink} that runs the statement. */
  private static final String DATABASE_STEP = "run-statement";

  private static final int EVENT_ID = 36;

  private static final class Left {
    final Fault fault;
    final AtomicInteger times;

    Left(Fault fault) {
      this.fault = fault;
      this.times = new AtomicInteger(fault.times());
    }

    boolean take() {
      return times.getAndUpdate(left -> left > 0 ? left - 1 : 0) > 0;
    }
  }

  private final List<Left> all = new ArrayList<>();
  private final Set<String> steps = new ConcurrentSkipListSet<>();

  Faults(List<Fault> faults) {
    faults.forEach(fault -> all.add(new Left(fault)));
  }

  /**
   * The fault that happens now, if one does.
   *
   * @param key {@code <event>.<route>…}, as in Message-ID and Idempotency-Key
   */
  Optional<Fault> due(String at, @Nullable String key) {
    String route = key == null || key.length() <= EVENT_ID ? "" : key.substring(EVENT_ID + 1);
    for (Left left : all) {
      String wanted = left.fault.route();
      boolean here =
          left.fault.at().equals(at)
              && (wanted == null || route.equals(wanted) || route.startsWith(wanted + "."));
      if (here && left.take()) {
        return Optional.of(left.fault);
      }
    }
    return Optional.empty();
  }

  /** Faults that were to happen and did not, each with a reason if there is one. */
  List<String> missed() {
    List<String> missed = new ArrayList<>();
    for (Left left : all) {
      Fault fault = left.fault;
      if (left.times.get() > 0) {
        Set<String> places = new TreeSet<>(steps);
        places.addAll(List.of("crm", "smtp", "database", "confirm"));
        missed.add(
            "the failure at '%s' (line %s) happened %s of %s times%s"
                .formatted(
                    fault.at(),
                    fault.line(),
                    fault.times() - left.times.get(),
                    fault.times(),
                    places.contains(fault.at())
                        ? ""
                        : "; no step has this id" + Nearest.didYouMean(fault.at(), places)));
      }
    }
    return missed;
  }

  @Override
  public Processor wrapProcessorInInterceptors(
      CamelContext context, NamedNode definition, Processor target, Processor nextTarget) {
    String id = definition.getId();
    if (id == null) {
      return target;
    }
    steps.add(id);
    String at = id.equals(DATABASE_STEP) ? "database" : id;
    boolean meant =
        all.stream().anyMatch(left -> left.fault.at().equals(at) || left.fault.at().equals(id));
    return meant && target instanceof AsyncProcessor async ? new Failing(async, at, id) : target;
  }

  private final class Failing extends DelegateAsyncProcessor {
    private final String at;
    private final String id;

    Failing(AsyncProcessor target, String at, String id) {
      super(target);
      this.at = at;
      this.id = id;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
      String key = exchange.getVariable("idempotencyKey", String.class);
      Optional<Fault> fault = due(at, key).or(() -> due(id, key));
      if (fault.isPresent()) {
        exchange.setException(failure(fault.get(), at));
        callback.done(true);
        return true;
      }
      return super.process(exchange, callback);
    }
  }

  private static Exception failure(Fault fault, String at) {
    String with = fault.with();
    String told = "made to fail by the test";
    if (at.equals("database")) {
      return new SQLException(told, with == null ? "08006" : with);
    }
    if (with == null) {
      return new IOException(told);
    }
    return with.matches("[1-5]\\d\\d")
        ? new HttpOperationFailedException(
            "step:" + at, Integer.parseInt(with), told, null, Map.of(), "")
        : new SQLException(told, with);
  }
}
