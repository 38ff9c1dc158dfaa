package io.payhook.service;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.ConsoleAppender;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The two bundled configurations, with lines that a stranger has a part in. */
class PlainLogTest {
  private static final String EVIL =
      "a\u001b[2J\u001b[31m\r18:00:00.000 ERROR Service payment refunded\u2028\u202e\u009b1m\n18:00 INFO x";

  private static String line(String configuration, Throwable thrown) throws Exception {
    LoggerContext context = new LoggerContext();
    context.setMDCAdapter(new LogbackMDCAdapter());
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(PlainLogTest.class.getResource(configuration));
    Logger logger = context.getLogger("io.payhook.Any");
    ConsoleAppender<ILoggingEvent> appender =
        (ConsoleAppender<ILoggingEvent>)
            context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender("stdout");
    return new String(
        appender
            .getEncoder()
            .encode(
                new LoggingEvent(
                    "", logger, Level.WARN, "refused: {}", thrown, new Object[] {EVIL})),
        StandardCharsets.UTF_8);
  }

  @Test
  void a_line_for_people_can_not_be_forged() throws Exception {
    String line = line("/logback.xml", null);
    assertThat(line.lines()).hasSize(3);
    assertThat(line.lines().skip(1)).allMatch(each -> each.startsWith("    "));
    assertThat(line).contains("a\\u001b[2J").contains("\\u2028\\u202e\\u009b1m");
    assertThat(line.replace("\n", ""))
        .doesNotContainPattern("[\\p{Cntrl}\\p{Cf}\u2028\u0080-\u009f]");
  }

  @Test
  void nor_can_what_was_thrown() throws Exception {
    String line = line("/logback.xml", new IllegalStateException(EVIL));
    assertThat(line.lines().skip(1)).isNotEmpty().allMatch(each -> each.startsWith("    "));
    assertThat(line).doesNotContain("\u001b").endsWith("\n");
  }

  @Test
  void a_line_for_programs_is_json_without_what_steers() throws Exception {
    String line = line("/logback-json.xml", new IllegalStateException(EVIL));
    assertThat(line.strip()).doesNotContainPattern("[\\p{Cntrl}\\p{Cf}\u2028\u0080-\u009f]");
    assertThat(new ObjectMapper().readTree(line).at("/formattedMessage").asText())
        .isEqualTo("refused: " + EVIL);
  }
}
