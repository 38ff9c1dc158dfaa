package io.payhook.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The events so far of a key that describes a recurring state: the first has the key itself, each
 * further one has a number appended.
 */
final class Recurrences {
  private static final int AT_ONCE = 32;

  private static final String EARLIER =
      """
      select id, body, received_at > now() - ? * interval '1 millisecond'
      from payhook.event where endpoint = ? and key = any(?) and variant = ''
      """;

  private final String key;
  private final int count;
  private final @Nullable UUID repeated;

  private Recurrences(String key, int count, @Nullable UUID repeated) {
    this.key = key;
    this.count = count;
    this.repeated = repeated;
  }

  static Recurrences of(Connection connection, NewEvent event) throws SQLException {
    NewEvent.Sameness sameness = event.sameness();
    String key = plain(event.key());
    int count = 0;
    UUID repeated = null;
    int found;
    do {
      List<String> keys = new ArrayList<>();
      for (int i = 0; i < AT_ONCE; i++) {
        keys.add(numbered(key, count + i + 1));
      }
      found = 0;
      try (PreparedStatement statement = connection.prepareStatement(EARLIER)) {
        statement.setLong(1, Objects.requireNonNull(sameness.recursWithin()).toMillis());
        statement.setString(2, event.endpoint());
        statement.setArray(3, connection.createArrayOf("text", keys.toArray()));
        try (ResultSet row = statement.executeQuery()) {
          while (row.next()) {
            found++;
            if (row.getBoolean(3) && sameness.as().test(row.getBytes(2))) {
              repeated = row.getObject(1, UUID.class);
            }
          }
        }
      }
      count += found;
    } while (found == AT_ONCE && repeated == null);
    return new Recurrences(key, count, repeated);
  }

  private static String numbered(String key, int number) {
    return number == 1 ? key : key + "#" + number;
  }

  /** Without the number that an earlier try appended. */
  private static String plain(String key) {
    return key.replaceFirst("#[0-9]{1,9}$", "");
  }

  /** The event that this one repeats, or null. */
  @Nullable UUID repeated() {
    return repeated;
  }

  String nextKey() {
    return numbered(key, count + 1);
  }
}
