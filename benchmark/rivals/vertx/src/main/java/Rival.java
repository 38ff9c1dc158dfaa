import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The limit: event loops verify, parse and queue; two writers put whatever has queued into one
 * statement and one commit. No framework beyond Vert.x core.
 */
public final class Rival extends AbstractVerticle {
  private static final String[] ROUTES = {"record-payment", "receipt-email", "crm-contact"};
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final BlockingQueue<Event> QUEUE = new LinkedBlockingQueue<>(10_000);

  private static final String INSERT =
      """
      with kept as (
        insert into payhook.event (id, endpoint, type, key, state, entity, amount, currency, method, url, content_type,
                                   headers, body)
        select id, 'payments', type, key, 'accepted', entity, amount, currency, 'POST', '/webhooks/payments',
               'application/json', headers, body
        from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::numeric[], ?::text[], ?::json[], ?::bytea[])
          as i(id, type, key, entity, amount, currency, headers, body)
        on conflict (endpoint, key, variant) do nothing
        returning id
      ), deliveries as (
        insert into payhook.delivery (event_id, route, state)
        select kept.id, r.route, 'pending' from kept cross join unnest(?::text[]) as r(route)
      )
      select id from kept
      """;
  private static final String FIRST =
      """
      select i.key, e.id from unnest(?::text[]) as i(key)
      cross join lateral (
        select id from payhook.event where endpoint = 'payments' and key = i.key and variant = '' limit 1
      ) e
      """;

  private record Event(
      UUID id,
      String type,
      String key,
      String entity,
      BigDecimal amount,
      String currency,
      String headers,
      byte[] body,
      HttpServerResponse response,
      Context context) {}

  private Mac mac;

  @Override
  public void start() throws Exception {
    mac = Mac.getInstance("HmacSHA256");
    String secret = System.getenv("PAYMENTS_WEBHOOK_SECRET");
    mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    vertx
        .createHttpServer(new HttpServerOptions().setTcpNoDelay(true))
        .requestHandler(this::handle)
        .listen(Integer.getInteger("port"), "127.0.0.1");
  }

  private void handle(HttpServerRequest request) {
    if (request.method() != HttpMethod.POST || !request.path().equals("/webhooks/payments")) {
      request.response().setStatusCode(404).end();
      return;
    }
    request.body().onSuccess(body -> receive(request, body.getBytes()));
  }

  private void receive(HttpServerRequest request, byte[] body) {
    if (!authentic(request.getHeader("X-Echezona-Signature"), body)) {
      answer(request.response(), 401, "{\"error\":\"signature\"}");
      return;
    }
    try {
      JsonNode json = JSON.readTree(body);
      JsonNode data = json.path("data");
      String type = json.path("event").textValue();
      String entity = data.path("transaction_id").textValue();
      if (type == null || entity == null) {
        answer(request.response(), 400, "{\"error\":\"malformed\"}");
        return;
      }
      List<List<String>> headers = new ArrayList<>();
      for (Map.Entry<String, String> header : request.headers()) {
        headers.add(List.of(header.getKey(), header.getValue()));
      }
      Event event =
          new Event(
              newId(),
              type,
              type + ":" + entity,
              entity,
              data.path("amount").decimalValue(),
              data.path("currency").textValue(),
              JSON.writeValueAsString(headers),
              body,
              request.response(),
              context);
      if (!QUEUE.offer(event)) {
        answer(request.response(), 503, "{\"error\":\"busy\"}");
      }
    } catch (java.io.IOException e) {
      answer(request.response(), 400, "{\"error\":\"malformed\"}");
    }
  }

  private boolean authentic(String signature, byte[] body) {
    if (signature == null || signature.length() != 64) {
      return false;
    }
    try {
      return MessageDigest.isEqual(HexFormat.of().parseHex(signature), mac.doFinal(body));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static void answer(HttpServerResponse response, int status, String json) {
    response
        .setStatusCode(status)
        .putHeader("content-type", "application/json")
        .end(Buffer.buffer(json));
  }

  /** Time-ordered, so that the index grows at one end. */
  private static UUID newId() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    long high = System.currentTimeMillis() << 16 | 0x7000L | random.nextInt(0x1000);
    return new UUID(high, random.nextLong() & 0x3fffffffffffffffL | 0x8000000000000000L);
  }

  private static void write() {
    List<Event> batch = new ArrayList<>();
    Connection connection = null;
    while (true) {
      batch.clear();
      try {
        batch.add(QUEUE.take());
        QUEUE.drainTo(batch, 255);
        if (connection == null) {
          connection = DriverManager.getConnection(System.getProperty("database"));
        }
        write(connection, batch);
      } catch (SQLException e) {
        System.err.println(e.getMessage());
        batch.forEach(event -> reply(event, 503, "{\"error\":\"unavailable\"}"));
        connection = null;
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private static void write(Connection connection, List<Event> batch) throws SQLException {
    int size = batch.size();
    Object[][] columns = new Object[7][size];
    byte[][] bodies = new byte[size][];
    for (int i = 0; i < size; i++) {
      Event event = batch.get(i);
      columns[0][i] = event.id;
      columns[1][i] = event.type;
      columns[2][i] = event.key;
      columns[3][i] = event.entity;
      columns[4][i] = event.amount;
      columns[5][i] = event.currency;
      columns[6][i] = event.headers;
      bodies[i] = event.body;
    }
    Set<UUID> kept = new HashSet<>();
    try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
      String[] types = {"uuid", "text", "text", "text", "numeric", "text", "text"};
      for (int c = 0; c < types.length; c++) {
        insert.setArray(c + 1, connection.createArrayOf(types[c], columns[c]));
      }
      insert.setArray(8, connection.createArrayOf("bytea", bodies));
      insert.setArray(9, connection.createArrayOf("text", ROUTES));
      try (ResultSet row = insert.executeQuery()) {
        while (row.next()) {
          kept.add(row.getObject(1, UUID.class));
        }
      }
    }
    List<Event> repeated = new ArrayList<>();
    for (Event event : batch) {
      if (kept.contains(event.id)) {
        reply(event, 200, "{\"status\":\"accepted\",\"id\":\"" + event.id + "\"}");
      } else {
        repeated.add(event);
      }
    }
    if (!repeated.isEmpty()) {
      try (PreparedStatement first = connection.prepareStatement(FIRST)) {
        first.setArray(
            1, connection.createArrayOf("text", repeated.stream().map(Event::key).toArray()));
        Map<String, String> ids = new java.util.HashMap<>();
        try (ResultSet row = first.executeQuery()) {
          while (row.next()) {
            ids.put(row.getString(1), row.getString(2));
          }
        }
        for (Event event : repeated) {
          reply(event, 200, "{\"status\":\"duplicate\",\"id\":\"" + ids.get(event.key) + "\"}");
        }
      }
    }
  }

  private static void reply(Event event, int status, String json) {
    event.context.runOnContext(nothing -> answer(event.response, status, json));
  }

  public static void main(String[] args) {
    for (int i = 0; i < 2; i++) {
      new Thread(Rival::write, "writer-" + i).start();
    }
    Vertx.vertx().deployVerticle(Rival.class, new DeploymentOptions().setInstances(2));
  }
}
