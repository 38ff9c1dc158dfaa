package io.payhook.tools.routetest;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One test of a file.
 *
 * @param file relative to where the command runs
 * @param line where it begins
 * @param name a sentence
 * @param faults what fails meanwhile
 * @param stubs what far ends answer; the first that fits counts
 * @param steps what happens, and what must be true in between and in the end
 */
record RouteTest(
    Path file,
    int line,
    String name,
    Path folder,
    List<Fault> faults,
    List<Stub> stubs,
    List<Step> steps) {

  /**
   * Something that fails for a while.
   *
   * @param at {@code crm}, {@code smtp}, {@code database}, {@code confirm} or the id of a step
   * @param route only in this route; null: in any
   * @param times how often
   * @param with an HTTP status, an SMTP reply or an SQLSTATE; null: what fits
   * @param says what a provider's API says in place of what would agree with the event
   */
  record Fault(
      int line,
      String at,
      @Nullable String route,
      int times,
      @Nullable String with,
      Map<String, String> says) {}

  sealed interface Step permits Send, MoveClock, Check {}

  enum Signature {
    GOOD,
    BAD,
    MISSING
  }

  /**
   * A request.
   *
   * @param endpoint null: the one of the test's folder
   * @param sample the event type whose sample it is
   * @param with values by dotted path that the sample doesn't have
   * @param without dotted paths to leave out
   * @param body instead of the sample
   * @param headers besides those of the signature
   * @param late signed that long ago
   * @param times how often it is sent
   * @param together at the same time, not one after another
   * @param answers expected, one for each time, or one for all
   */
  record Send(
      int line,
      @Nullable String endpoint,
      String sample,
      Map<String, @Nullable Object> with,
      List<String> without,
      @Nullable String body,
      Map<String, String> headers,
      Signature signature,
      Duration late,
      int times,
      boolean together,
      List<Answer> answers)
      implements Step {}

  /**
   * An expected answer.
   *
   * @param status HTTP
   * @param body members of its JSON
   */
  record Answer(int status, Map<String, @Nullable Object> body) {}

  record MoveClock(Duration by) implements Step {}

  /** What must be true; null is not looked at. */
  record Check(
      List<Rows> rows,
      @Nullable List<Mail> mails,
      @Nullable List<Call> calls,
      @Nullable List<JournalFacts.Expected> facts,
      Map<String, List<State>> deliveries)
      implements Step {}

  /**
   * What a query gives, in its order.
   *
   * @param cut whether YAML takes the rest of its line for a comment
   * @param database the bean that leads to it; null: Payhook's own
   * @param are the columns that matter of each row; null: only the count does
   * @param count of rows
   */
  record Rows(
      int line,
      String query,
      boolean cut,
      @Nullable String database,
      @Nullable List<Map<String, @Nullable Object>> are,
      int count) {}

  record Mail(
      int line,
      @Nullable String to,
      @Nullable String from,
      @Nullable String subject,
      List<String> contains,
      List<String> lacks,
      Map<String, String> headers) {}

  /**
   * Something that left the service.
   *
   * @param url the whole address
   * @param json members that must be there
   * @param body the whole text
   */
  record Call(
      int line,
      @Nullable String method,
      @Nullable String url,
      @Nullable String host,
      @Nullable String path,
      @Nullable Object json,
      @Nullable String body,
      Map<String, String> headers) {}

  /**
   * A delivery.
   *
   * @param attempts null: any number
   * @param error a part of it
   */
  record State(String state, @Nullable Integer attempts, @Nullable String error) {}
}
