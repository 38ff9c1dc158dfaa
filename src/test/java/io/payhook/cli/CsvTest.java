package io.payhook.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CsvTest {
  private static String of(@Nullable String a, @Nullable String b) {
    Csv csv = new Csv(List.of("a", "b"));
    csv.row(new ObjectMapper().createObjectNode().put("a", a).put("b", b));
    return csv.toString();
  }

  @Test
  void names_come_first_and_every_line_ends_as_rfc_4180_says() {
    assertThat(of("1", null)).isEqualTo("a,b\r\n1,\r\n");
  }

  @Test
  void commas_quotes_and_line_ends_are_quoted() {
    assertThat(of("a,b", "say \"ah\"\nnow"))
        .isEqualTo("a,b\r\n\"a,b\",\"say \"\"ah\"\"\nnow\"\r\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "=1+1~'=1+1",
        "+234801~'+234801",
        "-2+3~'-2+3",
        "@sum(A1)~'@sum(A1)",
        "=HYPERLINK(A1,B1)~\"'=HYPERLINK(A1,B1)\"",
        " =1~' =1",
        "-5000.00~-5000.00",
        "tx-1~tx-1",
      })
  void no_text_becomes_a_formula(String text, String cell) {
    assertThat(of(text, "")).isEqualTo("a,b\r\n" + cell + ",\r\n");
  }

  @Test
  void nor_one_that_hides_behind_a_tab_or_a_line_end() {
    assertThat(of("\t=1+1", "\r\n@x")).isEqualTo("a,b\r\n'\t=1+1,\"'\r\n@x\"\r\n");
  }
}
