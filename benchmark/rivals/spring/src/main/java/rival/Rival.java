package rival;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.dao.DataAccessException;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Service;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** Spring Boot by hand: a controller, a transactional service, JdbcTemplate. */
@SpringBootApplication
public class Rival {
  public static void main(String[] args) {
    SpringApplication.run(Rival.class, args);
  }

  record Answer(String status, UUID id) {}

  record Problem(String error) {}

  @Service
  static class EventStore {
    private static final List<String> ROUTES =
        List.of("record-payment", "receipt-email", "crm-contact");

    private final JdbcTemplate jdbc;

    EventStore(JdbcTemplate jdbc) {
      this.jdbc = jdbc;
    }

    @Transactional
    public Answer keep(
        String type, String entity, JsonNode data, String contentType, String headers, byte[] body) {
      String key = type + ":" + entity;
      UUID id = newId();
      int inserted =
          jdbc.update(
              """
              insert into payhook.event (id, endpoint, type, key, state, entity, amount, currency, method, url,
                                         content_type, headers, body)
              values (?, 'payments', ?, ?, 'accepted', ?, ?, ?, 'POST', '/webhooks/payments', ?, ?::json, ?)
              on conflict (endpoint, key, variant) do nothing
              """,
              id,
              type,
              key,
              entity,
              data.path("amount").decimalValue(),
              data.path("currency").textValue(),
              contentType,
              headers,
              body);
      if (inserted == 0) {
        UUID first =
            jdbc.queryForObject(
                "select id from payhook.event where endpoint = 'payments' and key = ? and variant = ''",
                UUID.class,
                key);
        return new Answer("duplicate", first);
      }
      jdbc.update(
          """
          insert into payhook.delivery (event_id, route, state)
          values (?, ?, 'pending'), (?, ?, 'pending'), (?, ?, 'pending')
          """,
          id,
          ROUTES.get(0),
          id,
          ROUTES.get(1),
          id,
          ROUTES.get(2));
      return new Answer("accepted", id);
    }

    /** Time-ordered, so that the index grows at one end. */
    private static UUID newId() {
      ThreadLocalRandom random = ThreadLocalRandom.current();
      long high = System.currentTimeMillis() << 16 | 0x7000L | random.nextInt(0x1000);
      return new UUID(high, random.nextLong() & 0x3fffffffffffffffL | 0x8000000000000000L);
    }
  }

  @RestController
  static class WebhookController {
    private final EventStore events;
    private final ObjectMapper json;
    private final SecretKeySpec secret;

    WebhookController(
        EventStore events,
        ObjectMapper json,
        @Value("${PAYMENTS_WEBHOOK_SECRET}") String secret) {
      this.events = events;
      this.json = json;
      this.secret = new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256");
    }

    @PostMapping("/webhooks/payments")
    ResponseEntity<?> receive(@RequestBody byte[] body, HttpServletRequest request)
        throws GeneralSecurityException {
      if (!authentic(request.getHeader("X-Echezona-Signature"), body)) {
        return ResponseEntity.status(401).body(new Problem("signature"));
      }
      try {
        JsonNode event = json.readTree(body);
        JsonNode data = event.path("data");
        String type = event.path("event").textValue();
        String entity = data.path("transaction_id").textValue();
        if (type == null || entity == null) {
          return ResponseEntity.badRequest().body(new Problem("malformed"));
        }
        return ResponseEntity.ok(
            events.keep(type, entity, data, request.getContentType(), headers(request), body));
      } catch (DataAccessException | TransactionException e) {
        return ResponseEntity.status(503).body(new Problem("unavailable"));
      } catch (IOException e) {
        return ResponseEntity.badRequest().body(new Problem("malformed"));
      }
    }

    private boolean authentic(String signature, byte[] body) throws GeneralSecurityException {
      if (signature == null || signature.length() != 64) {
        return false;
      }
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(secret);
      try {
        return MessageDigest.isEqual(HexFormat.of().parseHex(signature), mac.doFinal(body));
      } catch (IllegalArgumentException e) {
        return false;
      }
    }

    private String headers(HttpServletRequest request) throws JsonProcessingException {
      List<List<String>> pairs = new ArrayList<>();
      for (String name : Collections.list(request.getHeaderNames())) {
        for (String value : Collections.list(request.getHeaders(name))) {
          pairs.add(List.of(name, value));
        }
      }
      return json.writeValueAsString(pairs);
    }
  }
}
