package io.payhook.service;

import java.util.Locale;

/** What has to be said before the first log line. */
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
}
