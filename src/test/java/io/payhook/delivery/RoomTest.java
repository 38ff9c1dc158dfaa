package io.payhook.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RoomTest {
  private static final int MB = 1 << 20;

  /** As with a heap of 192 MB. */
  private final Room room = new Room(48L * MB);

  private CompletableFuture<Room.Stay> enter(String route, int size, boolean alone) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return room.enter(route, size, alone);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        },
        task -> new Thread(task).start());
  }

  private static void waits(CompletableFuture<?> entering) {
    try {
      assertThat(entering.get(100, TimeUnit.MILLISECONDS)).isNull();
      throw new AssertionError("it has not waited");
    } catch (java.util.concurrent.TimeoutException e) {
      // As it should.
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void large_events_wait_for_memory_and_leave_room_for_small_ones() throws Exception {
    Room.Stay one = enter("a", MB, false).get();
    enter("b", MB, false).get();
    CompletableFuture<Room.Stay> third = enter("c", MB, false);
    waits(third);
    assertThat(enter("c", 2_000, false).get()).isNotNull();
    one.close();
    assertThat(third.get()).isNotNull();
  }

  @Test
  void a_route_leaves_room_for_the_large_events_of_others() throws Exception {
    enter("a", MB / 2, false).get();
    waits(enter("a", MB / 2, false));
    assertThat(enter("b", MB / 2, false).get()).isNotNull();
  }

  @Test
  void what_is_larger_than_all_the_room_runs_when_nothing_else_does() throws Exception {
    Room.Stay small = enter("a", 100, false).get();
    CompletableFuture<Room.Stay> huge = enter("a", 50 * MB, false);
    waits(huge);
    small.close();
    huge.get().close();
  }

  @Test
  void one_that_is_to_be_alone_waits_for_quiet_and_keeps_the_others_out() throws Exception {
    Room.Stay before = enter("a", 100, false).get();
    CompletableFuture<Room.Stay> alone = enter("b", 100, true);
    waits(alone);
    CompletableFuture<Room.Stay> after = enter("c", 100, false);
    waits(after);
    assertThat(room.tryEnter("c")).isNull();
    before.close();
    Room.Stay only = alone.get();
    waits(after);
    CompletableFuture<Room.Stay> next = enter("b", 100, true);
    only.close();
    assertThat(after.get()).isNotNull();
    after.get().close();
    assertThat(next.get()).isNotNull();
  }

  @Test
  void nobody_waits_in_a_room_that_is_closed() throws Exception {
    enter("a", 100, false).get();
    CompletableFuture<Room.Stay> alone = enter("a", 100, true);
    waits(alone);
    room.close();
    assertThat(alone.get()).isNull();
    assertThat(enter("a", 100, false).get()).isNull();
  }
}
