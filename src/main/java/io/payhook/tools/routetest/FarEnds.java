package io.payhook.tools.routetest;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.kit.Json;
import io.payhook.tools.routetest.RouteTest.Fault;
import io.payhook.tools.routetest.Stub.Reply;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads what a test says of far ends: {@code fails} and {@code stubs}. */
final class FarEnds {
  private static final List<String> PLACES = List.of("crm", "smtp", "database", "confirm");
  private static final List<String> SAID = List.of("status", "amount", "currency", "reference");
  private static final List<String> BODIES = List.of("body", "json", "rows");
  private static final String STATUS = "[1-5]\\d\\d";
  private static final String SQLSTATE = "[0-9A-Z]{5}";

  private FarEnds() {}

  static List<Fault> faults(@Nullable Item item) {
    List<Fault> faults = new ArrayList<>();
    if (item == null) {
      return faults;
    }
    for (Item one : item.items()) {
      Map<String, Item> members = one.members(List.of("at", "route", "times", "with"));
      Item at = members.get("at");
      if (at == null) {
        one.problem(
            "says not where; 'at: crm', 'at: smtp', 'at: database', 'at: confirm' or a step's id");
        continue;
      }
      Item times = members.get("times");
      Item with = members.get("with");
      String failure = null;
      Map<String, String> said = Map.of();
      if (with != null && with.isMap()) {
        said = said(at.text(), with);
      } else if (with != null) {
        failure = failure(at.text(), with);
      }
      faults.add(
          new Fault(
              one.line(),
              at.text(),
              text(members.get("route")),
              times == null ? 1 : times.number(1),
              failure,
              said));
    }
    return faults;
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
                "'"
                    + text
                    + "' is no HTTP status; 503 would be one, and {status: "
                    + text
                    + "} has the provider say another status";
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

  static List<Stub> stubs(@Nullable Item item) {
    List<Stub> stubs = new ArrayList<>();
    if (item == null) {
      return stubs;
    }
    for (Item one : item.items()) {
      if (!one.isMap()) {
        stubs.add(new Stub(one.line(), one.text(), null, null, null, null, List.of(Reply.NOTHING)));
        continue;
      }
      Map<String, Item> members =
          one.members(List.of("at", "method", "url", "host", "path", "answer"));
      Item answer = members.remove("answer");
      if (members.isEmpty()) {
        one.problem(
            "says not for whom; 'at:' with a step's id or an address such as 'kafka:*', or 'host:',"
                + " 'path:', 'url:' and 'method:' of a call");
      }
      stubs.add(
          new Stub(
              one.line(),
              text(members.get("at")),
              text(members.get("method")),
              text(members.get("url")),
              text(members.get("host")),
              text(members.get("path")),
              answer == null
                  ? List.of(Reply.NOTHING)
                  : answer.items().stream().map(FarEnds::reply).toList()));
    }
    return stubs;
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
    Map<String, Item> members = item.members(List.of("status", "headers", "body", "json", "rows"));
    if (BODIES.stream().filter(members::containsKey).count() > 1) {
      item.problem("has more than one of body, json and rows; keep one");
    }
    Item status = members.get("status");
    if (status != null && !status.text().matches(STATUS)) {
      status.problem("'" + status.text() + "' is no HTTP status; 404 would be one");
      status = null;
    }
    Map<String, String> headers = new LinkedHashMap<>();
    Item named = members.get("headers");
    if (named != null) {
      named.members().forEach((name, value) -> headers.put(name, value.text()));
    }
    Item json = members.get("json");
    Item rows = members.get("rows");
    return new Reply(
        status == null ? 200 : Integer.parseInt(status.text()),
        headers,
        text(members.get("body")),
        json == null ? null : Json.MAPPER.<JsonNode>valueToTree(json.value()),
        rows == null ? null : rows(rows));
  }

  private static List<Map<String, @Nullable Object>> rows(Item list) {
    List<Map<String, @Nullable Object>> rows = new ArrayList<>();
    for (Item item : list.isList() ? list.items() : List.<Item>of()) {
      Map<String, @Nullable Object> row = new LinkedHashMap<>();
      item.members().forEach((name, value) -> row.put(name, value.value()));
      rows.add(row);
    }
    if (!list.isList()) {
      list.problem("should be a list of rows, each a map of columns");
    }
    return rows;
  }

  private static @Nullable String text(@Nullable Item item) {
    return item == null ? null : item.text();
  }
}
