package io.payhook.effects.kamelets;

import io.payhook.delivery.Remarks;
import io.payhook.effects.Callers;
import io.payhook.effects.Texts;
import io.payhook.effects.Undertaking;
import io.payhook.effects.crm.CrmClient;
import io.payhook.effects.crm.WholeAnswers;
import io.payhook.effects.mail.MailSender;
import io.payhook.effects.sql.SqlStatements;
import io.payhook.effects.sql.SqlSyntax;
import io.payhook.effects.sql.UndescribedConnections;
import io.payhook.effects.template.Templates;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.ExtendedCamelContext;
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
  private Effects() {}

  /**
   * The SQL files and templates below a folder, as they are now.
   *
   * @param database checks whether changed SQL can be parsed; nothing is executed there
   */
  public static Texts texts(Path root, DataSource database) {
    SqlSyntax sql = new SqlSyntax(database);
    return Texts.below(
        root,
        (file, text) -> {
          if (file.toString().endsWith(".sql")) {
            sql.check(file, text);
          } else {
            Templates.check(file, text);
          }
        });
  }

  /**
   * Binds everything; to be called before the context has routes.
   *
   * @param context not yet started
   * @param texts SQL files and templates
   */
  public static void bind(CamelContext context, EffectsConfig config, Texts texts) {
    ExtendedCamelContext extension = context.getCamelContextExtension();
    extension.addContextPlugin(Templates.class, new Templates(texts));
    extension.addContextPlugin(Clock.class, config.clock());
    SqlStatements statements = new SqlStatements(texts);
    extension.addContextPlugin(SqlStatements.class, statements);
    Registry registry = context.getRegistry();
    registry.bind("payhookStatements", statements);
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
    context.addRoutePolicyFactory(new KameletParameters());
    context.addRoutePolicyFactory(new Callers());
    extension.addInterceptStrategy(Effects::noted);
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
}
