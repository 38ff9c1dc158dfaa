package io.payhook.service;

import io.payhook.effects.crm.CrmStandIn;
import io.payhook.effects.mail.MailSender;
import io.payhook.effects.mail.MailStandIn;
import io.payhook.effects.mail.SmtpSender;
import io.payhook.settings.DataFolder;
import io.payhook.settings.Key;
import io.payhook.settings.Production;
import io.payhook.settings.Settings;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The configured mail server and CRM, or stand-ins for them that write files. */
record StandIns(Settings settings, Clock clock) {
  private static final Logger LOG = LoggerFactory.getLogger(StandIns.class);

  MailSender mail() throws IOException {
    String host = settings.get(Key.MAIL_HOST);
    if (host.isEmpty()) {
      Path folder = folder("mail");
      LOG.info(
          "E-mails go to a stand-in: files in {}. Set payhook.mail.host to send them.", folder);
      return new MailStandIn(folder, clock);
    }
    return new SmtpSender(
        SmtpSender.Server.of(
            host,
            settings.get(Key.MAIL_PORT),
            settings.get(Key.MAIL_USERNAME),
            settings.get(Key.MAIL_PASSWORD),
            security(host)),
        clock);
  }

  private SmtpSender.Security security(String host) {
    String set = settings.get(Key.MAIL_SECURITY);
    if (!set.equals("auto")) {
      return SmtpSender.Security.valueOf(set.toUpperCase(Locale.ROOT));
    }
    if (Production.isLoopback(host)) {
      return SmtpSender.Security.NONE;
    }
    return settings.get(Key.MAIL_PORT) == 465
        ? SmtpSender.Security.TLS
        : SmtpSender.Security.STARTTLS;
  }

  /** The base URL of the CRM; a stand-in listens on loopback. */
  String crm(Vertx vertx) throws Exception {
    Optional<URI> url = settings.get(Key.CRM_URL);
    if (url.isPresent()) {
      return url.get().toString().replaceAll("/+$", "");
    }
    Path folder = folder("crm");
    Router router = Router.router(vertx);
    router.route("/*").handler(new CrmStandIn(folder, clock));
    HttpServer server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(5, TimeUnit.SECONDS);
    LOG.info("CRM calls go to a stand-in: files in {}. Set payhook.crm.url to make them.", folder);
    return "http://127.0.0.1:" + server.actualPort();
  }

  private Path folder(String name) {
    Path folder = settings.data().resolve(name);
    DataFolder.create(folder);
    return folder;
  }
}
