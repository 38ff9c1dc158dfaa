package io.payhook.journal;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Confirmations that have not been asked of a platform's API yet. If nothing in a request is
 * signed, it only says that something has changed: a question that is still open will see the
 * newest state, so it covers all requests that arrive before it is asked.
 */
final class OpenQuestions {
  /**
   * A claim that commits meanwhile does no harm: its question is asked after its commit, hence
   * after the request arrived.
   */
  private static final String FIND =
      """
      select i.n, o.event_id, o.route, o.due_at > now() + interval '5 seconds'
      from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::numeric[], ?::text[])
        with ordinality as i(route, endpoint, type, entity, amount, currency, n)
      cross join lateral (
        select d.event_id, d.route, d.due_at
        from payhook.event e join payhook.delivery d on d.event_id = e.id and d.route = i.route
        where left(e.entity, 400) = left(i.entity, 400) and e.entity = i.entity
          and e.endpoint = i.endpoint and e.type = i.type and e.state = 'unconfirmed'
          and (e.amount, e.currency) is not distinct from (i.amount, i.currency)
          and d.state in ('pending', 'retrying')
        order by e.id desc limit 1
      ) o
      """;

  /** A question that waits for a retry is asked soon, because there is news. */
  private static final String HASTEN =
      """
      update payhook.delivery d set due_at = now() + interval '5 seconds'
      from unnest(?::uuid[], ?::text[]) as o(event_id, route)
      where d.event_id = o.event_id and d.route = o.route and d.state in ('pending', 'retrying')
        and d.due_at > now() + interval '5 seconds'
      """;

  /** What makes two requests the same question. */
  record Question(
      String route,
      String endpoint,
      String type,
      String entity,
      @Nullable BigDecimal amount,
      @Nullable String currency) {

    /** Null if the event cannot be covered by an open question. */
    static @Nullable Question of(NewEvent event, List<? extends Recipient> recipients) {
      Facts facts = event.facts();
      return recipients.isEmpty() || !recipients.get(0).joins() || facts.entity() == null
          ? null
          : new Question(
              recipients.get(0).route(),
              event.endpoint(),
              event.type(),
              facts.entity(),
              facts.amount() == null ? null : facts.amount().stripTrailingZeros(),
              facts.currency());
    }
  }

  private record Open(UUID event, String route) {}

  private OpenQuestions() {}

  /** The events whose questions are open, by question. */
  static Map<Question, UUID> find(Connection connection, List<Question> questions)
      throws SQLException {
    Map<Question, UUID> found = new HashMap<>();
    Set<Open> late = new LinkedHashSet<>();
    try (PreparedStatement statement = connection.prepareStatement(FIND)) {
      new Binder(statement)
          .column("text", questions, Question::route)
          .column("text", questions, Question::endpoint)
          .column("text", questions, Question::type)
          .column("text", questions, Question::entity)
          .column("numeric", questions, Question::amount)
          .column("text", questions, Question::currency);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          UUID event = rows.getObject(2, UUID.class);
          found.put(questions.get(rows.getInt(1) - 1), event);
          if (rows.getBoolean(4)) {
            late.add(new Open(event, rows.getString(3)));
          }
        }
      }
    }
    if (!late.isEmpty()) {
      try (PreparedStatement statement = connection.prepareStatement(HASTEN)) {
        new Binder(statement).column("uuid", late, Open::event).column("text", late, Open::route);
        statement.executeUpdate();
      }
    }
    return found;
  }
}
