package io.payhook.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class SecretTest {
  @Test
  void several_are_separated_by_commas_and_empty_places_left_out() {
    assertThat(Secret.parse(" one, two ,,three\n"))
        .extracting(Secret::value)
        .containsExactly("one", "two", "three");
    assertThat(Secret.parse("")).isEmpty();
    assertThat(Secret.parse(" , ")).isEmpty();
  }

  @Test
  void a_comma_within_one_is_escaped() {
    assertThat(Secret.parse("a\\,b,c")).extracting(Secret::value).containsExactly("a,b", "c");
  }

  @Test
  void attributes_follow_semicolons() {
    Secret secret =
        Secret.parse(
                "whsec_a;label=old;id=key-1;not-before=2026-01-01;not-after=2026-02-01T12:00:00Z")
            .get(0);
    assertThat(secret.value()).isEqualTo("whsec_a");
    assertThat(secret.label()).isEqualTo("old");
    assertThat(secret.id()).isEqualTo("key-1");
    assertThat(secret.notBefore()).isEqualTo(Instant.parse("2026-01-01T00:00:00Z"));
    assertThat(secret.notAfter()).isEqualTo(Instant.parse("2026-02-01T12:00:00Z"));
  }

  @Test
  void a_semicolon_that_begins_no_attribute_is_part_of_the_secret() {
    for (String value : List.of("a;b", "a;b=c", "a;", ";", "x=1;y=2", "a=b==")) {
      assertThat(Secret.parse(value)).extracting(Secret::value).containsExactly(value);
    }
  }

  @Test
  void a_slip_in_an_attribute_is_told_not_taken_for_the_secret() {
    assertThatThrownBy(() -> Secret.parse("abc;not-befor=2026-01-01"))
        .isInstanceOf(ProviderException.class)
        .hasMessageContaining("no such attribute 'not-befor'; did you mean 'not-before'?")
        .message()
        .doesNotContain("abc");
  }

  @Test
  void a_date_that_is_none_is_told() {
    assertThatThrownBy(() -> Secret.parse("one,abc;not-after=tomorrow"))
        .hasMessageContaining("secret 2: not-after 'tomorrow' is not a date");
  }

  @Test
  void a_label_is_the_same_for_the_same_secret_and_tells_nothing_of_it() {
    assertThat(Secret.of("abc").label()).isEqualTo(Secret.parse("x, abc").get(1).label());
    assertThat(Secret.of("abc").label()).isNotEqualTo(Secret.of("abd").label());
    assertThat(Secret.of("abc").toString()).doesNotContain("abc");
  }
}
