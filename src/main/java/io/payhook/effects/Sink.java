package io.payhook.effects;

import java.util.Objects;
import org.apache.camel.CamelContext;
import org.apache.camel.CamelContextAware;
import org.apache.camel.Processor;
import org.jspecify.annotations.Nullable;

/** Base of the first step of a kamelet with an effect: what all of them need from the context. */
public abstract class Sink implements Processor, CamelContextAware {
  private @Nullable CamelContext context;

  @Override
  public final void setCamelContext(CamelContext context) {
    this.context = context;
  }

  @Override
  public final @Nullable CamelContext getCamelContext() {
    return context;
  }

  /** What {@code Effects.bind(…)} gave the context, the only one of its type. */
  protected final <T> T bound(Class<T> type) {
    CamelContext in = Objects.requireNonNull(context);
    T bound = in.getCamelContextExtension().getContextPlugin(type);
    if (bound == null) {
      throw new IllegalStateException("Effects.bind(…) wasn't called for " + in.getName());
    }
    return bound;
  }

  /** A route's text, with expressions in it. */
  protected final RouteText text(String text) {
    return RouteText.parse(Objects.requireNonNull(context), text);
  }
}
