package io.payhook.kit;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.signature.Refused;
import org.junit.jupiter.api.Test;

class PlainTextTest {
  @Test
  void what_steers_a_terminal_or_hides_text_is_written_out() {
    assertThat(
            PlainText.of(
                "a\u001b[31m\r\nb\u2028\u202e\u200b\u009b\0\uFEFF\ud800\ue000\udb40\udc41"))
        .isEqualTo(
            "a\\u001b[31m\\u000d\\u000ab\\u2028\\u202e\\u200b\\u009b\\u0000\\ufeff\\ud800\\ue000\\udb40\\udc41");
  }

  @Test
  void other_text_stays() {
    String text = "Adé Obi, 5 000 ₦, 漢字 👍 \\u001b";
    assertThat(PlainText.of(text)).isSameAs(text);
    assertThat(PlainText.lines("a\n\tb\u001b")).isEqualTo("a\n\tb\\u001b");
  }

  @Test
  void a_refusal_shows_nothing_of_a_stranger_that_steers() {
    assertThat(
            new Refused(Refused.Category.SIGNATURE, "not-json", "token 'a\u001bc\u202e'").detail())
        .isEqualTo("token 'a\\u001bc\\u202e'");
  }
}
