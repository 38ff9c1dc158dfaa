package io.payhook.effects;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.camel.Exchange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SmokeTest {
  @TempDir Path folder;

  @Test
  void payment() throws Exception {
    String json =
        Files.readString(TestDatabase.INTEGRATION.resolve("samples/payment.success.json"));
    try (Running running =
        new Running(
            new MailStandIn(folder.resolve("mail"), Running.CLOCK),
            TestDatabase.fresh(),
            "http://127.0.0.1:1/x",
            TestDatabase.INTEGRATION.resolve("payment-success.camel.yaml"))) {
      Exchange done = running.deliver("record-payment", json);
      if (done.getException() != null) throw done.getException();
      System.out.println(TestDatabase.rows("select * from payment"));
      System.out.println(TestDatabase.rows("select * from customer"));
      System.out.println(done.getVariables());
      assertThat(done.getMessage().getBody()).isEqualTo(json);
      Exchange mail = running.deliver("receipt-email", json);
      if (mail.getException() != null) throw mail.getException();
      for (java.io.File f : folder.resolve("mail").toFile().listFiles()) {
        Path p = f.toPath();
        System.out.println(p);
        System.out.println(Files.readString(p));
      }
      Exchange crm = running.deliver("crm-contact", json);
      System.out.println(crm.getException());
      System.out.println(crm.getMessage().getHeaders() + " " + crm.getMessage().getBody());
      System.out.println(crm.getProperties());
    }
  }
}
