package io.payhook.service;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.payhook.settings.Key;
import io.payhook.settings.Settings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.logging.LogManager;
import org.slf4j.LoggerFactory;

/** Logging settings: what must be set before the first log line, and what may change afterwards. */
public final class Logging {
  private Logging() {}

  /** Sets format and level; has no effect once anything has been logged. */
  public static void configure(Settings settings) {
    System.setProperty("payhook.log.level", settings.get(Key.LOG_LEVEL).toUpperCase(Locale.ROOT));
    boolean json = settings.get(Key.LOG_FORMAT).equals("json");
    if (json && System.getProperty("logback.configurationFile") == null) {
      System.setProperty("logback.configurationFile", "logback-json.xml");
    }
    // Routes the JDK's own logging, which some libraries use, the same way.
    try {
      LogManager.getLogManager()
          .readConfiguration(
              new ByteArrayInputStream(
                  "handlers=org.slf4j.bridge.SLF4JBridgeHandler"
                      .getBytes(StandardCharsets.US_ASCII)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Prints a message for whoever started the command; as a log line if the log is for programs. */
  public static void say(Settings settings, String sentence) {
    if (settings.get(Key.LOG_FORMAT).equals("json")) {
      LoggerFactory.getLogger(Logging.class).info("{}", sentence);
    } else {
      System.out.println(sentence);
    }
  }

  /** Changes Payhook's log level while running. */
  static void level(Settings settings) {
    if (LoggerFactory.getLogger("io.payhook") instanceof Logger own) {
      own.setLevel(Level.toLevel(settings.get(Key.LOG_LEVEL)));
    }
  }
}
