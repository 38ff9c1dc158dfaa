package io.payhook.tools.routetest;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import io.payhook.tools.routetest.RouteTest.Fault;
import io.payhook.tools.routetest.Stub.Reply;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads what a test says of far ends: {@code fails} and {@code stubs}. */
final class FarEnds {
  private static final List<String> PLACES = List.of("crm", "smtp", "database", "confirm");
  private static final List<String> SAID = List.of("status", "amount", "currency", "reference");
  private static final List<String> BODIES = List.of("body", "json", "rows");
  private static final String STATUS = "[1-5]\\d\\d";
  private static final String SQLSTATE = "[0-9A-Z]{5}";

  private FarEnds() {}

  static List<Fault> faults(Members of) {
    return of.list("fails", FarEnds::fault).stream().flatMap(Optional::stream).toList();
  }

  private static Optional<Fault> fault(Item item) {
    Members members = item.members(List.of("at", "route", "times", "with"));
    String at = members.text("at");
    if (at == null) {
      item.problem(
          "says not where; 'at: crm', 'at: smtp', 'at: database', 'at: confirm' or a step's id");
      return Optional.empty();
    }
    Item with = members.get("with");
    boolean says = with != null && with.isMap();
    return Optional.of(
        new Fault(
            item.line(),
            at,
            members.text("route"),
            members.read("times", 1, times -> times.number(1)),
            with == null || says ? null : failure(at, with),
            with != null && says ? said(at, with) : Map.of()));
  }

  /** How it fails: each far end has its own numbers for that. */
  private static String failure(String at, Item with) {
    String text = with.text();
    boolean right =
        switch (at) {
          case "crm", "confirm" -> text.matches(STATUS);
          case "smtp" -> text.matches("[45]\\d\\d.*");
          case "database" -> text.matches(SQLSTATE);
          default -> text.matches(STATUS) || text.matches(SQLSTATE);
        };
    if (!right) {
      with.problem(
          switch (at) {
            case "crm" -> "'" + text + "' is no HTTP status; 503 would be one";
            case "confirm" ->
                ("'%s' is no HTTP status; 503 would be one, and {status: %s} has the provider"
                        + " say another status")
                    .formatted(text, text);
            case "smtp" -> "'" + text + "' is no failure of a mail server; 451 or 550 would be one";
            case "database" -> "'" + text + "' is no SQLSTATE; 08006 or 23505 would be one";
            default ->
                "'" + text + "' is neither an HTTP status nor an SQLSTATE; 503 or 08006 would be";
          });
      return "500";
    }
    return text;
  }

  private static Map<String, String> said(String at, Item with) {
    if (!at.equals("confirm")) {
      with.problem(
          "only 'at: confirm' says something else than the event"
              + (PLACES.contains(at) ? "" : " (the answers of other far ends stand under 'stubs')")
              + "; a status such as 503 would be right");
      return Map.of();
    }
    Map<String, String> said = new LinkedHashMap<>();
    with.members(SAID)
        .all()
        .forEach(
            (name, value) -> {
              if (name.equals("amount") && !(value.value() instanceof BigDecimal)) {
                value.problem("should be an amount in major units, such as 50 or 49.99");
              } else {
                said.put(name, value.text());
              }
            });
    return said;
  }

  static List<Stub> stubs(Members of) {
    return of.list("stubs", FarEnds::stub);
  }

  private static Stub stub(Item item) {
    List<Reply> nothing = List.of(Reply.NOTHING);
    if (!item.isMap()) {
      return new Stub(item.line(), item.text(), null, null, null, null, nothing);
    }
    Members members = item.members(List.of("at", "method", "url", "host", "path", "answer"));
    if (!members.has(List.of("at", "method", "url", "host", "path"))) {
      item.problem(
          "says not for whom; 'at:' with a step's id or an address such as 'kafka:*', or 'host:',"
              + " 'path:', 'url:' and 'method:' of a call");
    }
    return new Stub(
        item.line(),
        members.text("at"),
        members.text("method"),
        members.text("url"),
        members.text("host"),
        members.text("path"),
        members.get("answer") == null ? nothing : members.list("answer", FarEnds::reply));
  }

  private static Reply reply(Item item) {
    if (!item.isMap()) {
      if (item.text().matches(STATUS)) {
        return new Reply(Integer.parseInt(item.text()), Map.of(), null, null, null);
      }
      item.isOneOf(
          List.of("discard"),
          "'%s' is no answer, nor a status such as 404, nor 'json:' and the like");
      return Reply.NOTHING;
    }
    Members members = item.members(List.of("status", "headers", "body", "json", "rows"));
    if (BODIES.stream().filter(members.all()::containsKey).count() > 1) {
      item.problem("has more than one of body, json and rows; keep one");
    }
    Item json = members.get("json");
    return new Reply(
        members.read("status", 200, FarEnds::status),
        members.texts("headers"),
        members.text("body"),
        json == null ? null : Json.MAPPER.<JsonNode>valueToTree(json.value()),
        members.read("rows", Item::rows));
  }

  private static int status(Item item) {
    if (!item.text().matches(STATUS)) {
      item.problem("'" + item.text() + "' is no HTTP status; 404 would be one");
      return 200;
    }
    return Integer.parseInt(item.text());
  }
}
