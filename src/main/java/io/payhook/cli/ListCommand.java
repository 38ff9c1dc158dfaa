package io.payhook.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.payhook.kit.Json;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A command that lists what the API returns page by page. */
abstract class ListCommand extends ManagementCommand {
  /** Maximum number of pages read for a search that finds little. */
  private static final int PAGES_MAX = 50;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "Maximum number of rows (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(
      names = "--after",
      paramLabel = "PLACE",
      description = "Continues a list that ended here.")
  private @Nullable String after;

  @Option(
      names = "--csv",
      description = "Prints CSV (RFC 4180) with a header line, for a spreadsheet.")
  private boolean csv;

  private final String items;
  private final String cursor;

  /**
   * @param items their path in the API, and their name in its answer
   * @param cursor the API's parameter for where to continue
   */
  ListCommand(String items, String cursor) {
    this.items = items;
    this.cursor = cursor;
  }

  /** The query for the API; null values are left out. */
  abstract void filter(Map<String, @Nullable Object> query);

  /** The columns that are shown. */
  abstract Table table();

  /** Whether no index serves the query: then results are shown as they are found. */
  boolean searches() {
    return false;
  }

  /** The members of each item that --csv prints, in their order. */
  abstract List<String> columns();

  @Override
  final int ask(ApiClient api) throws IOException, InterruptedException {
    if (limit < 1) {
      throw wrong("--limit is " + limit + "; it is a whole number from 1");
    }
    if (csv && json) {
      throw wrong("--csv and --json exclude each other");
    }
    ArrayNode list = Json.MAPPER.createArrayNode();
    String next = after;
    int pages = 0;
    do {
      Map<String, @Nullable Object> query = new LinkedHashMap<>();
      filter(query);
      query.put(cursor, next);
      query.put("limit", Math.min(PAGE, limit - list.size()));
      JsonNode page = api.get("/" + items, query);
      page.path(items).forEach(list::add);
      next = page.path("next").isTextual() ? page.path("next").asText() : null;
      pages++;
    } while (next != null
        && list.size() < limit
        && pages < PAGES_MAX
        && (list.isEmpty() || !searches()));
    if (json) {
      ObjectNode tree = Json.MAPPER.createObjectNode();
      tree.set(items, list);
      tree.put("next", next);
      json(tree);
      return 0;
    }
    if (csv) {
      Csv rows = new Csv(columns());
      list.forEach(rows::row);
      out().print(rows);
      out().flush();
    } else if (!list.isEmpty()) {
      print(table().rows(list));
    }
    if (next != null) {
      note(
          (list.size() < limit ? "The search is not at its end" : "There may be more")
              + "; go on with --after "
              + next);
    } else if (list.isEmpty() && !csv) {
      note("No " + items + ".");
    }
    return 0;
  }
}
