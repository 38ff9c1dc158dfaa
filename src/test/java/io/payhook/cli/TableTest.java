package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.kit.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TableTest {
  private static final String ID = "0193f0a8-6f5c-7d3e-8a4b-5c6d7e8f9a0b";

  private static Table table() {
    return new Table()
        .whole("RECEIVED", 1, Table.text("received"))
        .whole("ID", 0, Table.text("id"))
        .cut("TYPE", 10, 0, Table.text("type"))
        .cut("KEY", 8, 3, Table.text("key"))
        .cut("STATE", 8, 0, Table.text("state"))
        .rows(
            List.of(
                Json.MAPPER
                    .createObjectNode()
                    .put("received", "2026-11-23 08:00:00")
                    .put("id", ID)
                    .put("type", "payment.success")
                    .put("key", "payment.success/tx-0000000000001")
                    .put("state", "12 done, 1 dead")));
  }

  @ParameterizedTest
  @ValueSource(ints = {58, 60, 80, 100, 120, 200})
  void no_line_is_wider_than_the_terminal_and_an_id_is_never_cut(int width) {
    assertThat(table().lines(width))
        .hasSize(2)
        .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(width))
        .last()
        .asString()
        .contains(ID);
  }

  @Test
  void what_matters_least_goes_first() {
    assertThat(table().lines(200).get(0)).contains("RECEIVED", "KEY");
    assertThat(table().lines(80).get(0)).doesNotContain("KEY").contains("TYPE", "STATE");
  }

  @Test
  void what_is_cut_says_so() {
    assertThat(table().lines(80).get(1)).contains("…");
    assertThat(table().lines(1_000).get(1)).doesNotContain("…").contains("tx-0000000000001");
  }
}
