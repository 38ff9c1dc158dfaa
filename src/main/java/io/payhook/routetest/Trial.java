package io.payhook.routetest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.routes.DeclaredEndpoint;
import io.payhook.routes.Providers;
import io.payhook.routes.Sample;
import io.payhook.routetest.RouteTest.Answer;
import io.payhook.routetest.RouteTest.Call;
import io.payhook.routetest.RouteTest.Check;
import io.payhook.routetest.RouteTest.Mail;
import io.payhook.routetest.RouteTest.MoveClock;
import io.payhook.routetest.RouteTest.Rows;
import io.payhook.routetest.RouteTest.Send;
import io.payhook.routetest.RouteTest.Signature;
import io.payhook.routetest.RouteTest.State;
import io.payhook.routetest.RouteTest.Step;
import io.payhook.service.Placeholders;
import io.payhook.service.Service;
import io.payhook.service.Settings;
import io.payhook.signature.Nearest;
import io.payhook.signature.Provider;
import io.payhook.signature.RawRequest;
import io.payhook.signature.Secret;
import io.payhook.signature.Signer;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.camel.spi.InterceptStrategy;
import org.jspecify.annotations.Nullable;

/** One run of one test, on a service of its own. */
final class Trial implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Set<String> SET_BY_CLIENT =
      Set.of("host", "content-length", "connection", "expect", "upgrade", "transfer-encoding");
  private static final String OPEN = "('pending', 'running', 'retrying')";

  private final RouteTest test;
  private final Settings settings;
  private final Service service;
  private final Faults faults;
  private final MailStand mails;
  private final CrmStand crm;
  private final HttpClient client;
  private final Shifting clock;
  private final List<Failure> failures = new ArrayList<>();

  Trial(
      RouteTest test,
      Settings settings,
      Shifting clock,
      Faults faults,
      MailStand mails,
      CrmStand crm,
      HttpClient client) {
    this.test = test;
    this.settings = settings;
    this.clock = clock;
    this.faults = faults;
    this.mails = mails;
    this.crm = crm;
    this.client = client;
    this.service =
        new Service(settings, clock)
            .bind("payhookTestFaults", InterceptStrategy.class, faults)
            .confirmWith(new ProviderApiStand(faults));
  }

  /** What is not as the test says; empty where it passed. */
  List<Failure> run() throws Exception {
    service.open();
    for (Step step : test.steps()) {
      if (step instanceof Send send) {
        send(send);
        rest();
      } else if (step instanceof MoveClock move) {
        clock.move(move.by());
      } else if (step instanceof Check check) {
        check(check);
      }
      if (!failures.isEmpty()) {
        break;
      }
    }
    if (failures.isEmpty()) {
      faults.missed().forEach(missed -> failures.add(Failure.of(missed)));
    }
    return failures;
  }

  @Override
  public void close() {
    service.close();
  }

  // Sending

  private void send(Send send) throws Exception {
    DeclaredEndpoint endpoint = endpoint(send);
    HttpRequest request = request(send, endpoint);
    List<HttpResponse<String>> answers = new ArrayList<>();
    if (send.together()) {
      List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
      for (int i = 0; i < send.times(); i++) {
        all.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
      }
      for (CompletableFuture<HttpResponse<String>> one : all) {
        answers.add(answer(one));
      }
    } else {
      for (int i = 0; i < send.times(); i++) {
        answers.add(answer(client.sendAsync(request, HttpResponse.BodyHandlers.ofString())));
      }
    }
    compare(send, answers);
  }

  private static HttpResponse<String> answer(CompletableFuture<HttpResponse<String>> future)
      throws Exception {
    try {
      return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("no answer: " + (e.getCause() == null ? e : e.getCause()), e);
    }
  }

  private void compare(Send send, List<HttpResponse<String>> answers) {
    List<Answer> expected = new ArrayList<>(send.answers());
    while (expected.size() < answers.size()) {
      expected.add(expected.get(expected.size() - 1));
    }
    boolean well = expected.size() == answers.size();
    List<Answer> open = new ArrayList<>(expected);
    for (int i = 0; well && i < answers.size(); i++) {
      HttpResponse<String> actual = answers.get(i);
      if (send.together()) {
        // In which order they came to the journal, nobody knows.
        well =
            open.stream()
                .filter(one -> is(one, actual))
                .findFirst()
                .map(open::remove)
                .orElse(false);
      } else {
        well = is(expected.get(i), actual);
      }
    }
    if (!well) {
      failures.add(
          new Failure(
              "line " + send.line() + ": the answers to " + send.sample(),
              expected.stream()
                  .map(one -> one.status() + (one.body().isEmpty() ? "" : " " + json(one.body())))
                  .toList(),
              answers.stream().map(one -> one.statusCode() + " " + one.body()).toList()));
    }
  }

  private static boolean is(Answer expected, HttpResponse<String> actual) {
    if (expected.status() != actual.statusCode()) {
      return false;
    }
    try {
      return expected.body().isEmpty()
          || Compare.within(expected.body(), CrmStand.JSON.readTree(actual.body()));
    } catch (IOException e) {
      return false;
    }
  }

  private DeclaredEndpoint endpoint(Send send) throws Exception {
    Map<String, DeclaredEndpoint> all =
        DeclaredEndpoint.in(settings.routes(), Placeholders.of(settings));
    String name = send.endpoint();
    if (name != null) {
      DeclaredEndpoint endpoint = all.get(name);
      if (endpoint == null) {
        throw new IllegalArgumentException(
            "line "
                + send.line()
                + ": there is no endpoint '"
                + name
                + "'"
                + Nearest.didYouMean(name, all.keySet()));
      }
      return endpoint;
    }
    List<DeclaredEndpoint> here =
        all.values().stream()
            .filter(one -> one.file().toAbsolutePath().normalize().startsWith(test.folder()))
            .toList();
    if (here.size() != 1) {
      throw new IllegalArgumentException(
          "line "
              + send.line()
              + ": say which endpoint with 'endpoint: NAME'; this folder declares "
              + (here.isEmpty() ? "none" : here.stream().map(DeclaredEndpoint::name).toList()));
    }
    return here.get(0);
  }

  private HttpRequest request(Send send, DeclaredEndpoint endpoint) throws IOException {
    String path = "/webhooks/" + endpoint.name();
    String url = "http://127.0.0.1:" + service.port() + path;
    String own = send.body();
    Sample sample =
        own == null
            ? changed(send, endpoint.sample(send.sample()))
            : new Sample(
                send.sample(),
                endpoint
                    .findSample(send.sample())
                    .map(Sample::contentType)
                    .orElse("application/json"),
                own.getBytes(StandardCharsets.UTF_8));
    Provider provider =
        endpoint.resolve(Providers.load(settings.routes().resolve("providers")), sample);
    RawRequest request = sample.request(settings.publicUrl(path).orElse(url));
    for (Map.Entry<String, String> header : send.headers().entrySet()) {
      request = request.withHeader(header.getKey(), header.getValue());
    }
    if (send.signature() != Signature.MISSING) {
      List<Secret> secrets = endpoint.parsedSecrets();
      Secret secret =
          send.signature() == Signature.BAD || secrets.isEmpty()
              ? Secret.random(provider.secretKind())
              : secrets.get(secrets.size() - 1);
      Clock signing = Clock.offset(clock, send.late().negated());
      request = new Signer(provider, secret, signing).sign(request, sample.type());
    }
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(url + request.query()))
            .timeout(PATIENCE)
            .method(request.method(), HttpRequest.BodyPublishers.ofByteArray(request.body()));
    for (RawRequest.Header header : request.headers()) {
      if (!SET_BY_CLIENT.contains(header.name().toLowerCase(Locale.ROOT))) {
        builder.header(header.name(), header.value());
      }
    }
    return builder.build();
  }

  private static Sample changed(Send send, Sample sample) throws IOException {
    if (send.with().isEmpty() && send.without().isEmpty()) {
      return sample;
    }
    byte[] body;
    if (sample.contentType().equals("application/json")) {
      JsonNode tree = CrmStand.JSON.readTree(sample.body());
      send.without().forEach(path -> change(send, tree, path, null, true));
      send.with().forEach((path, value) -> change(send, tree, path, value, false));
      body = CrmStand.JSON.writeValueAsBytes(tree);
    } else if (sample.contentType().equals("application/x-www-form-urlencoded")) {
      body = changedForm(send, new String(sample.body(), StandardCharsets.UTF_8));
    } else {
      throw new IllegalArgumentException(
          "line "
              + send.line()
              + ": only members of JSON and fields of forms can be changed; send another text with 'body: …'");
    }
    return new Sample(sample.type(), sample.contentType(), body);
  }

  private static byte[] changedForm(Send send, String form) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (String pair : form.split("&", -1)) {
      fields.put(URLDecoder.decode(pair.replaceFirst("=.*$", ""), StandardCharsets.UTF_8), pair);
    }
    for (String name : send.without()) {
      if (fields.remove(name) == null) {
        throw new IllegalArgumentException(
            "line " + send.line() + ": the sample has no '" + name + "' to leave out");
      }
    }
    send.with()
        .forEach(
            (name, value) ->
                fields.put(
                    name,
                    URLEncoder.encode(name, StandardCharsets.UTF_8)
                        + "="
                        + URLEncoder.encode(
                            value == null ? "" : String.valueOf(value), StandardCharsets.UTF_8)));
    return String.join("&", fields.values()).getBytes(StandardCharsets.UTF_8);
  }

  /** Sets or removes the member at a dotted path; objects on the way are made. */
  private static void change(
      Send send, JsonNode root, String path, @Nullable Object value, boolean remove) {
    JsonNode node = root;
    String[] names = path.split("\\.", -1);
    for (int i = 0; i < names.length; i++) {
      boolean last = i == names.length - 1;
      if (node instanceof ObjectNode object) {
        if (last && remove) {
          if (object.remove(names[i]) == null) {
            throw new IllegalArgumentException(
                "line " + send.line() + ": the sample has no '" + path + "' to leave out");
          }
        } else if (last) {
          object.set(names[i], CrmStand.JSON.valueToTree(value));
        } else {
          node = object.has(names[i]) ? object.get(names[i]) : object.putObject(names[i]);
        }
      } else if (node instanceof ArrayNode array && names[i].matches("\\d{1,6}")) {
        int index = Integer.parseInt(names[i]);
        if (index >= array.size()) {
          throw new IllegalArgumentException(
              "line " + send.line() + ": '" + path + "' is beyond the end of the sample's list");
        }
        if (last && remove) {
          array.remove(index);
        } else if (last) {
          array.set(index, CrmStand.JSON.<JsonNode>valueToTree(value));
        } else {
          node = array.get(index);
        }
      } else {
        throw new IllegalArgumentException(
            "line " + send.line() + ": '" + path + "' leads into a value that has no members");
      }
    }
  }

  /**
   * Waits until no delivery is open and every rejection is recorded; deliveries that wait for their
   * next attempt get it at once.
   */
  private void rest() throws SQLException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    try (Connection connection = service.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      while (true) {
        try (ResultSet row =
            statement.executeQuery(
                "select count(*) from payhook.delivery where state in " + OPEN)) {
          row.next();
          if (row.getInt(1) == 0 && service.rejectionsSettled()) {
            return;
          }
        }
        if (System.nanoTime() > end) {
          failures.add(
              new Failure(
                  "the deliveries did not come to rest within " + PATIENCE.toSeconds() + " s",
                  List.of(),
                  deliveries().entrySet().stream()
                      .map(one -> one.getKey() + " " + one.getValue())
                      .toList()));
          return;
        }
        int hastened =
            statement.executeUpdate(
                "update payhook.delivery set due_at = now() where state = 'retrying' and due_at > now()");
        if (hastened > 0) {
          service.announce();
        }
        TimeUnit.MILLISECONDS.sleep(5);
      }
    }
  }

  // Looking

  private void check(Check check) throws Exception {
    for (Rows rows : check.rows()) {
      rows(rows);
    }
    if (check.mails() != null) {
      mails(check.mails());
    }
    if (check.calls() != null) {
      calls(check.calls());
    }
    if (!check.deliveries().isEmpty()) {
      deliveries(check.deliveries());
    }
  }

  private void rows(Rows rows) throws SQLException {
    List<Map<String, @Nullable Object>> actual;
    try {
      actual = query(rows.query());
    } catch (SQLException e) {
      failures.add(
          Failure.of("line " + rows.line() + ": the query fails: " + oneLine(e.getMessage())));
      return;
    }
    List<Map<String, @Nullable Object>> expected = rows.are();
    boolean well = actual.size() == rows.count();
    if (expected != null && well) {
      for (int i = 0; i < expected.size(); i++) {
        Map<String, @Nullable Object> row = actual.get(i);
        well &=
            expected.get(i).entrySet().stream()
                .allMatch(
                    column ->
                        row.containsKey(column.getKey())
                            && Compare.same(column.getValue(), row.get(column.getKey())));
      }
    }
    if (!well) {
      failures.add(
          new Failure(
              "line " + rows.line() + ": " + oneLine(rows.query()),
              expected == null
                  ? List.of(rows.count() + (rows.count() == 1 ? " row" : " rows"))
                  : expected.stream().map(Trial::row).toList(),
              actual.stream().map(Trial::row).toList()));
    }
  }

  private List<Map<String, @Nullable Object>> query(String sql) throws SQLException {
    List<Map<String, @Nullable Object>> rows = new ArrayList<>();
    try (Connection connection = service.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          Object value = result.getObject(i);
          boolean plain = value == null || value instanceof Boolean || value instanceof Number;
          row.put(result.getMetaData().getColumnLabel(i), plain ? value : result.getString(i));
        }
        rows.add(row);
      }
    }
    return rows;
  }

  private void mails(List<Mail> expected) {
    List<MailStand.Taken> open = new ArrayList<>(mails.taken());
    boolean well = open.size() == expected.size();
    for (Mail mail : expected) {
      well &=
          open.stream().filter(one -> is(mail, one)).findFirst().map(open::remove).orElse(false);
    }
    if (!well) {
      failures.add(
          new Failure(
              "e-mails"
                  + expected.stream()
                      .findFirst()
                      .map(one -> " (line " + one.line() + ")")
                      .orElse(""),
              expected.stream().map(Trial::told).toList(),
              mails.taken().stream()
                  .map(
                      one ->
                          "to "
                              + one.header("To")
                              + ", subject "
                              + one.header("Subject")
                              + missing(expected, one))
                  .toList()));
    }
  }

  private static String told(Mail mail) {
    List<String> parts = new ArrayList<>();
    if (mail.to() != null) {
      parts.add("to " + mail.to());
    }
    if (mail.from() != null) {
      parts.add("from " + mail.from());
    }
    if (mail.subject() != null) {
      parts.add("subject " + mail.subject());
    }
    mail.contains().forEach(text -> parts.add("contains " + text));
    mail.lacks().forEach(text -> parts.add("lacks " + text));
    mail.headers().forEach((name, value) -> parts.add(name + ": " + value));
    return String.join(", ", parts);
  }

  /** What of an expected text this e-mail does not contain, where it is the one that was meant. */
  private static String missing(List<Mail> expected, MailStand.Taken taken) {
    StringBuilder text = new StringBuilder();
    for (Mail mail : expected) {
      if (mail.to() == null || Compare.matches(mail.to(), taken.header("To"))) {
        for (String wanted : mail.contains()) {
          if (!taken.text().contains(wanted)) {
            text.append(", without ").append(wanted);
          }
        }
        for (String unwanted : mail.lacks()) {
          if (taken.text().contains(unwanted)) {
            text.append(", with ").append(unwanted);
          }
        }
      }
    }
    return text.toString();
  }

  private static boolean is(Mail expected, MailStand.Taken actual) {
    return (expected.to() == null || Compare.matches(expected.to(), actual.header("To")))
        && (expected.from() == null || Compare.matches(expected.from(), actual.header("From")))
        && (expected.subject() == null
            || Compare.matches(expected.subject(), actual.header("Subject")))
        && expected.contains().stream().allMatch(actual.text()::contains)
        && expected.lacks().stream().noneMatch(actual.text()::contains)
        && expected.headers().entrySet().stream()
            .allMatch(header -> Compare.matches(header.getValue(), actual.header(header.getKey())));
  }

  private void calls(List<Call> expected) {
    List<CrmStand.Taken> open = new ArrayList<>(crm.taken());
    boolean well = open.size() == expected.size();
    for (Call call : expected) {
      well &=
          open.stream().filter(one -> is(call, one)).findFirst().map(open::remove).orElse(false);
    }
    if (!well) {
      failures.add(
          new Failure(
              "CRM calls"
                  + expected.stream()
                      .findFirst()
                      .map(one -> " (line " + one.line() + ")")
                      .orElse(""),
              expected.stream()
                  .map(
                      one ->
                          (one.method() == null ? "*" : one.method())
                              + " "
                              + (one.path() == null ? "*" : one.path())
                              + (one.json() == null ? "" : " " + json(one.json()))
                              + (one.headers().isEmpty() ? "" : " " + one.headers()))
                  .toList(),
              crm.taken().stream()
                  .map(
                      one ->
                          one.method()
                              + " "
                              + one.path()
                              + (one.json() == null ? "" : " " + one.json()))
                  .toList()));
    }
  }

  private static boolean is(Call expected, CrmStand.Taken actual) {
    return (expected.method() == null || expected.method().equals(actual.method()))
        && (expected.path() == null || Compare.matches(expected.path(), actual.path()))
        && (expected.json() == null || Compare.within(expected.json(), actual.json()))
        && expected.headers().entrySet().stream()
            .allMatch(
                header ->
                    Compare.matches(
                        header.getValue(), actual.headers().getOrDefault(header.getKey(), "")));
  }

  private void deliveries(Map<String, List<State>> expected) throws SQLException {
    Map<String, List<State>> actual = deliveries();
    boolean well = true;
    for (Map.Entry<String, List<State>> route : expected.entrySet()) {
      List<State> open = new ArrayList<>(actual.getOrDefault(route.getKey(), List.of()));
      well &= open.size() == route.getValue().size();
      for (State state : route.getValue()) {
        well &=
            open.stream().filter(one -> is(state, one)).findFirst().map(open::remove).orElse(false);
      }
    }
    if (!well) {
      failures.add(
          new Failure(
              "deliveries",
              expected.entrySet().stream().map(Trial::told).toList(),
              actual.entrySet().stream().map(Trial::told).toList()));
    }
  }

  private static boolean is(State expected, State actual) {
    return expected.state().equals(actual.state())
        && (expected.attempts() == null || expected.attempts().equals(actual.attempts()))
        && (expected.error() == null || String.valueOf(actual.error()).contains(expected.error()));
  }

  private static String told(Map.Entry<String, List<State>> route) {
    List<String> states = new ArrayList<>();
    for (State state : route.getValue()) {
      states.add(
          state.state()
              + (state.attempts() == null ? "" : " after " + state.attempts() + " attempts")
              + (state.error() == null ? "" : " (" + state.error() + ")"));
    }
    return route.getKey() + ": " + (states.isEmpty() ? "none" : String.join(", ", states));
  }

  private Map<String, List<State>> deliveries() throws SQLException {
    Map<String, List<State>> states = new TreeMap<>();
    for (Map<String, @Nullable Object> row :
        query("select route, state, attempts, error from payhook.delivery order by route, seq")) {
      Object error = row.get("error");
      states
          .computeIfAbsent(String.valueOf(row.get("route")), route -> new ArrayList<>())
          .add(
              new State(
                  String.valueOf(row.get("state")),
                  Integer.valueOf(String.valueOf(row.get("attempts"))),
                  error == null ? null : String.valueOf(error)));
    }
    return states;
  }

  private static String row(Map<String, @Nullable Object> row) {
    List<String> columns = new ArrayList<>();
    row.forEach((name, value) -> columns.add(name + "=" + value));
    return String.join(" ", columns);
  }

  private static String json(@Nullable Object value) {
    return CrmStand.JSON.valueToTree(value).toString();
  }

  private static String oneLine(@Nullable String text) {
    return String.valueOf(text).replaceAll("\\s+", " ").strip();
  }
}
