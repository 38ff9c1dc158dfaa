package io.payhook.console;

import io.payhook.journal.JournalReader;
import io.payhook.journal.Replay;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Positions in lists, as opaque text that a client returns. */
final class Cursors {
  /** Latest time that the database supports. */
  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

  private Cursors() {}

  static @Nullable String of(JournalReader.@Nullable Position position) {
    return position == null
        ? null
        : encode(
            (position.dueAt() == null ? "" : position.dueAt().toString())
                + "|"
                + position.event()
                + "|"
                + position.route());
  }

  static @Nullable String of(Replay.@Nullable Position position) {
    return position == null ? null : encode("|" + position.event() + "|" + position.route());
  }

  /**
   * @param byDueTime whether the list is ordered by due time
   */
  static JournalReader.@Nullable Position delivery(@Nullable String cursor, boolean byDueTime) {
    if (cursor == null) {
      return null;
    }
    JournalReader.Position position = decode(cursor);
    if (byDueTime != (position.dueAt() != null)) {
      throw wrong();
    }
    return position;
  }

  static Replay.@Nullable Position replay(@Nullable String cursor) {
    if (cursor == null) {
      return null;
    }
    JournalReader.Position position = decode(cursor);
    return new Replay.Position(position.route(), position.event());
  }

  private static String encode(String plain) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(plain.getBytes(StandardCharsets.UTF_8));
  }

  private static JournalReader.Position decode(String cursor) {
    try {
      String plain = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
      int first = plain.indexOf('|');
      int second = plain.indexOf('|', first + 1);
      if (first < 0 || second < 0 || plain.indexOf('\0') >= 0) {
        throw wrong();
      }
      Instant due = first == 0 ? null : Instant.parse(plain.substring(0, first));
      if (due != null && (due.isBefore(Instant.EPOCH) || due.isAfter(LATEST))) {
        throw wrong();
      }
      return new JournalReader.Position(
          due, UUID.fromString(plain.substring(first + 1, second)), plain.substring(second + 1));
    } catch (RuntimeException e) {
      throw wrong();
    }
  }

  private static Problem wrong() {
    return Problem.parameter(
        "after",
        "after is not a place in this list; it is the 'next' of the page before, as it came");
  }
}
