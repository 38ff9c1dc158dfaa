package io.payhook.kit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GlobsTest {
  @Test
  void an_asterisk_stands_for_any_text() {
    assertThat(Globs.matches("payment.*", "payment.success")).isTrue();
    assertThat(Globs.matches("*", "anything")).isTrue();
    assertThat(Globs.matches("*.success", "payment.success")).isTrue();
    assertThat(Globs.matches("p*.s*s", "payment.success")).isTrue();
    assertThat(Globs.matches("payment.*", "refund.payment.x")).isFalse();
    assertThat(Globs.matches("payment.success", "payment.success2")).isFalse();
    assertThat(Globs.matches("a*", "a\nb")).isTrue();
  }
}
