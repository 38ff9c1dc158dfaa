package io.payhook.tools.routetest;

import io.payhook.delivery.ProviderApi;
import io.payhook.signature.Confirmation;
import io.payhook.tools.routetest.RouteTest.Fault;
import java.util.Optional;

/**
 * Stands in for the providers' own APIs: confirms every event; fails, or says something else, where
 * a test wants it.
 */
final class ProviderApiStand implements ProviderApi {
  private final Faults faults;

  ProviderApiStand(Faults faults) {
    this.faults = faults;
  }

  @Override
  public Answer ask(Confirmation confirmation, Confirmation.Kept event) {
    // A question that can't be made would fail at the real one too.
    String from = confirmation.question(event, "test-token").url();
    Optional<Fault> fault = faults.due("confirm", null);
    if (fault.isPresent() && !fault.get().says().isEmpty()) {
      return new Answer(from, 200, null, confirmation.agreeing(event, fault.get().says()));
    }
    if (fault.isPresent()) {
      String with = fault.get().with();
      return new Answer(from, with == null ? 503 : Integer.parseInt(with), null, new byte[0]);
    }
    return new Answer(from, 200, null, confirmation.agreeing(event));
  }
}
