package io.payhook.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LocatedTest {
  private static final Path FILE = Path.of("a.yaml");

  private static Located.Map map(String text) {
    return (Located.Map) Located.parse(FILE, text).orElseThrow();
  }

  @Test
  void every_value_knows_its_file_line_and_column() {
    Located.Map map = map("one:\n  two: \"three four\"\n  five: |\n    six\n    seven\n");
    Located.Text two = map.map("one").text("two");
    Located.Text five = map.map("one").text("five");
    assertThat(two.location()).hasToString("a.yaml:2:8");
    assertThat(two.at(6)).hasToString("a.yaml:2:15");
    assertThat(five.at(5)).hasToString("a.yaml:5:6");
  }

  @Test
  void a_dotted_name_leads_to_its_deepest_entry() {
    Located.Map map = map("signature:\n  header: X\n  a.b: 1\n");
    assertThat(map.deepest("signature.header").value()).hasToString("X");
    assertThat(map.deepest("signature.a.b").value()).hasToString("1");
    assertThat(map.deepest("signature.other").key()).hasToString("signature");
    assertThat(map.deepest("event.key")).isNull();
  }

  @Test
  void values_are_typed_as_yaml_takes_them_or_plain_as_they_are_written() {
    Located.Map map = map("a: [1.50, true, null, 'x', \"2\"]\n");
    assertThat(map.typed().get("a"))
        .isEqualTo(Arrays.asList(new BigDecimal("1.50"), true, null, "x", "2"));
    assertThat(map.plain().get("a")).isEqualTo(List.of("1.50", "true", "", "x", "2"));
  }

  @Test
  void a_text_that_a_comment_cuts_says_so() {
    assertThat(map("a: select 1 # one\n").text("a").cut()).isTrue();
    assertThat(map("a: 'select 1' # one\n").text("a").cut()).isFalse();
  }

  @Test
  void a_name_that_stands_twice_is_refused_with_both_places() {
    assertThatThrownBy(() -> map("a: 1\nb: 2\na: 3\n"))
        .isInstanceOfSatisfying(
            Located.Broken.class,
            broken -> {
              assertThat(broken.location()).hasToString("a.yaml:3:1");
              assertThat(broken).hasMessage("'a' is already in line 1 of the same block");
            });
  }
}
