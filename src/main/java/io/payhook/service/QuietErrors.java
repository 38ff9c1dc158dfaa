package io.payhook.service;

import org.apache.camel.CamelContext;
import org.apache.camel.ExtendedCamelContext;
import org.apache.camel.builder.DefaultErrorHandlerBuilder;

/**
 * A route's failure is told once, by the delivery that has it: Camel itself neither retries nor
 * prints a stack trace with the message in it.
 */
final class QuietErrors {
  private QuietErrors() {}

  static void install(CamelContext context) {
    ExtendedCamelContext extension = context.getCamelContextExtension();
    DefaultErrorHandlerBuilder errors = new DefaultErrorHandlerBuilder();
    errors
        .maximumRedeliveries(0)
        .logExhausted(false)
        .logExhaustedMessageHistory(false)
        .logHandled(false);
    extension.setErrorHandlerFactory(errors);
    context.setMessageHistory(false);
  }
}
