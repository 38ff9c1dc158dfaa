package io.payhook.service;

import org.apache.camel.CamelContext;
import org.apache.camel.model.RedeliveryPolicyDefinition;
import org.apache.camel.model.errorhandler.DefaultErrorHandlerDefinition;

/**
 * A route's failure is told once, by the delivery that has it: Camel itself neither retries nor
 * prints a stack trace with the message in it.
 */
final class QuietErrors {
  private QuietErrors() {}

  static void install(CamelContext context) {
    RedeliveryPolicyDefinition once = new RedeliveryPolicyDefinition();
    once.setMaximumRedeliveries("0");
    once.setLogExhausted("false");
    once.setLogExhaustedMessageHistory("false");
    once.setLogNewException("false");
    DefaultErrorHandlerDefinition errors = new DefaultErrorHandlerDefinition();
    errors.setRedeliveryPolicy(once);
    context.getCamelContextExtension().setErrorHandlerFactory(errors);
    context.setMessageHistory(false);
  }
}
