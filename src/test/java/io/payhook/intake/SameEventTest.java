package io.payhook.intake;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonPointer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SameEventTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'a':5000}|{'a':5000.00}|true",
        "{'a':5000}|{ 'a' : 5e3 }|true",
        "{'a':{'b':[0,1.10]}}|{'a':{'b':[-0.0,1.1]}}|true",
        "{'a':1,'b':2}|{'b':2,'a':1}|true",
        "{'a':1,'attempt':1}|{'a':1.0,'attempt':2}|true",
        "{'a':'5000'}|{'a':'5000.00'}|false",
        "{'a':5000}|{'a':'5000'}|false",
        "{'a':5000}|{'a':5000.01}|false",
        "{'a':9007199254740993}|{'a':9007199254740992}|false",
        "{'a':[1,2]}|{'a':[2,1]}|false",
        "{'a':1e999999999}|{'a':1e-999999999}|false",
        "{'a':1}|{'a':true}|false",
      })
  void numbers_are_compared_as_numbers(String stored, String received, boolean same) {
    assertThat(
            SameEvent.test(
                bytes(stored), bytes(received), List.of(JsonPointer.compile("/attempt"))))
        .isEqualTo(same);
  }

  @org.junit.jupiter.api.Test
  void a_byte_order_mark_makes_no_other_event() {
    assertThat(SameEvent.test(bytes("{'a':1}"), bytes("\uFEFF{'a':1}"), List.of())).isTrue();
  }

  private static byte[] bytes(String text) {
    return text.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
  }
}
