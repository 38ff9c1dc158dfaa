package io.payhook.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.payhook.testing.SettableClock;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BreakerTest {
  private final SettableClock clock = new SettableClock();
  private final Breaker breaker =
      new Breaker("crm.example.com:443", clock, Duration.ofSeconds(5), Duration.ofSeconds(60));

  private void fail() throws TargetUnavailableException {
    breaker.enter();
    breaker.failed(new IOException("down"));
  }

  private void succeed() throws TargetUnavailableException {
    breaker.enter();
    breaker.succeeded();
  }

  private Duration refusal() {
    try {
      breaker.enter();
    } catch (TargetUnavailableException e) {
      assertThat(e).hasMessage("crm.example.com:443 does not answer");
      return e.retryAfter();
    }
    throw new AssertionError("it was let through");
  }

  @Test
  void five_failures_in_a_row_open_it_whatever_went_before() throws Exception {
    for (int i = 0; i < 40; i++) {
      succeed();
    }
    for (int i = 0; i < 4; i++) {
      fail();
    }
    assertThat(breaker.available()).isTrue();
    fail();
    assertThat(breaker.available()).isFalse();
    assertThat(refusal()).isBetween(Duration.ofSeconds(5), Duration.ofMillis(5_001));
  }

  @Test
  void half_of_the_last_twenty_open_it_too() throws Exception {
    for (int i = 0; i < 5; i++) {
      succeed();
      succeed();
    }
    for (int i = 0; i < 9; i++) {
      fail();
      assertThat(breaker.available()).isTrue();
      succeed();
    }
    fail();
    assertThat(breaker.available()).isFalse();
  }

  @Test
  void one_call_goes_to_see_and_each_vain_look_doubles_the_wait() throws Exception {
    for (int i = 0; i < 5; i++) {
      fail();
    }
    for (int seconds : new int[] {5, 10, 20, 40, 60, 60}) {
      clock.set(clock.instant().plusSeconds(seconds - 1));
      assertThat(refusal()).isBetween(Duration.ofSeconds(1), Duration.ofMillis(1_001));
      clock.set(clock.instant().plusMillis(1_001));
      breaker.enter();
      assertThat(refusal()).describedAs("a second one meanwhile").isEqualTo(Duration.ofSeconds(1));
      breaker.failed(new IOException("down"));
    }
    clock.set(clock.instant().plusMillis(60_001));
    succeed();
    assertThat(breaker.available()).isTrue();
    for (int i = 0; i < 5; i++) {
      fail();
    }
    assertThat(refusal()).describedAs("the wait begins anew").isLessThan(Duration.ofSeconds(6));
  }

  @Test
  void a_call_that_tells_nothing_gives_its_leave_back() throws Exception {
    for (int i = 0; i < 5; i++) {
      fail();
    }
    clock.set(clock.instant().plusMillis(5_001));
    breaker.enter();
    breaker.left();
    assertThatCode(breaker::enter).doesNotThrowAnyException();
    assertThatThrownBy(breaker::enter).isInstanceOf(TargetUnavailableException.class);
  }

  @Test
  void a_target_that_refuses_the_account_is_left_alone_at_once_and_says_why() throws Exception {
    breaker.enter();
    assertThat(breaker.refused("refuses the token"))
        .hasMessage("crm.example.com:443 refuses the token")
        .extracting(TargetUnavailableException::retryAfter)
        .isEqualTo(Duration.ofMillis(5_001));
    assertThat(breaker.available()).isFalse();
    assertThatThrownBy(breaker::enter).hasMessage("crm.example.com:443 refuses the token");

    clock.set(clock.instant().plusMillis(5_001));
    breaker.enter();
    assertThat(breaker.refused("refuses the token").retryAfter())
        .describedAs("the second look")
        .isEqualTo(Duration.ofMillis(10_001));

    clock.set(clock.instant().plusMillis(10_001));
    succeed();
    assertThat(breaker.available()).isTrue();
  }
}
