package io.payhook.service;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/** What has to be said before the first log line, and what may change afterwards. */
public final class Logging {
  private Logging() {}

  /** Sets format and level; without effect once anything has been logged. */
  public static void configure(Settings settings) {
    System.setProperty("payhook.log.level", settings.get(Key.LOG_LEVEL).toUpperCase(Locale.ROOT));
    boolean json = settings.get(Key.LOG_FORMAT).equals("json");
    if (json && System.getProperty("logback.configurationFile") == null) {
      System.setProperty("logback.configurationFile", "logback-json.xml");
    }
  }

  /** Sets the level of Payhook's own lines while running. */
  static void level(Settings settings) {
    if (LoggerFactory.getLogger("io.payhook") instanceof Logger own) {
      own.setLevel(Level.toLevel(settings.get(Key.LOG_LEVEL)));
    }
  }
}
