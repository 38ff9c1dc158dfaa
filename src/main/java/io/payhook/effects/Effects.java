package io.payhook.effects;

import io.payhook.delivery.Remarks;
import java.time.Clock;
import java.util.List;
import org.apache.camel.CamelContext;
import org.apache.camel.NamedNode;
import org.apache.camel.Processor;
import org.apache.camel.component.http.HttpComponent;
import org.apache.camel.processor.FilterProcessor;
import org.apache.camel.spi.Registry;
import org.apache.camel.support.processor.DelegateAsyncProcessor;
import org.jspecify.annotations.Nullable;

/**
 * Binds what the kamelets {@code database-sink}, {@code email-sink} and {@code crm-sink} are built
 * on into a context's registry. They also need a {@code DataSource} bean named {@code payhook} and
 * the properties {@code payhook.mail.from} and {@code payhook.crm.url}.
 */
public final class Effects {
  private static final String BEAN = "payhookEffects";

  private final SqlStatements statements;
  private final Templates templates;
  private final Clock clock;

  private Effects(Texts texts, Clock clock) {
    this.statements = new SqlStatements(texts);
    this.templates = new Templates(texts);
    this.clock = clock;
  }

  /**
   * Binds everything; to be called before the context has routes.
   *
   * @param context not yet started
   * @param texts SQL files and templates
   */
  public static void bind(CamelContext context, EffectsConfig config, Texts texts) {
    Registry registry = context.getRegistry();
    Effects effects = new Effects(texts, config.clock());
    registry.bind(BEAN, effects);
    registry.bind("payhookStatements", effects.statements);
    registry.bind("payhookConnections", new UndescribedConnections(context));
    config.mail().guardedBy(config.breakers());
    registry.bind("payhookMailSender", MailSender.class, config.mail(), null, "close");
    registry.bind("payhookCrmClient", new CrmClient(config.crmToken(), config.breakers()));
    for (String scheme : List.of("http", "https")) {
      if (context.getComponent(scheme) instanceof HttpComponent http
          && http.getHttpClientConfigurer() == null) {
        http.setHttpClientConfigurer(new WholeAnswers(WholeAnswers.LONGEST));
      }
    }
    registry.bind("payhookEffectResult", (Processor) Undertaking::result);
    registry.bind("payhookEffectEnd", (Processor) Undertaking::end);
    context.addRoutePolicyFactory(new Callers());
    context.getCamelContextExtension().addInterceptStrategy(Effects::noted);
  }

  /** Has filters record what they did, so that the reason is known if a route did nothing. */
  private static Processor noted(
      CamelContext context, NamedNode definition, Processor target, @Nullable Processor next) {
    Processor step = target;
    while (step instanceof DelegateAsyncProcessor wrapped && !(step instanceof FilterProcessor)) {
      step = wrapped.getProcessor();
    }
    if (step instanceof FilterProcessor filter && filter.getStatusPropertyName() == null) {
      filter.setStatusPropertyName(Remarks.FILTER);
    }
    return target;
  }

  static Effects of(CamelContext context) {
    Effects effects = context.getRegistry().lookupByNameAndType(BEAN, Effects.class);
    if (effects == null) {
      throw new IllegalStateException("Effects.bind(…) wasn't called for " + context.getName());
    }
    return effects;
  }

  SqlStatements statements() {
    return statements;
  }

  Templates templates() {
    return templates;
  }

  Clock clock() {
    return clock;
  }
}
