package io.payhook.effects;

import java.util.Objects;
import org.apache.camel.CamelContext;
import org.apache.camel.CamelContextAware;
import org.apache.camel.Processor;
import org.jspecify.annotations.Nullable;

/** Base of the first step of a kamelet with an effect: what all of them need from the context. */
abstract class Sink implements Processor, CamelContextAware {
  private @Nullable CamelContext context;
  private @Nullable Effects effects;

  @Override
  public final void setCamelContext(CamelContext context) {
    this.context = context;
    this.effects = Effects.of(context);
  }

  @Override
  public final @Nullable CamelContext getCamelContext() {
    return context;
  }

  final Effects effects() {
    return Objects.requireNonNull(effects);
  }

  /** A route's text, with expressions in it. */
  final RouteText text(String text) {
    return RouteText.parse(Objects.requireNonNull(context), text);
  }
}
