package io.payhook.service;

import io.payhook.intake.PortException;
import io.payhook.kit.Lines;
import io.payhook.routes.RouteFileException;
import io.payhook.settings.StartException;
import java.sql.SQLException;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an exception during the start means to whoever starts the service. */
final class StartFailure {
  private static final Logger LOG = LoggerFactory.getLogger(StartFailure.class);

  private StartFailure() {}

  /** Whether the database was reachable and went away: it may return, as after a restart. */
  static boolean connectionLost(Exception e) {
    if (e instanceof StartException) {
      return false;
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      // 08: the connection failed; 57P: the server is shutting down, starting, or ended the
      // session; none: the pool gave up the connection.
      if (cause instanceof SQLException sql
          && (sql.getSQLState() == null
              || sql.getSQLState().startsWith("08")
              || sql.getSQLState().startsWith("57P"))) {
        return true;
      }
    }
    return false;
  }

  static StartException of(Exception e) {
    if (e instanceof StartException start) {
      return start;
    }
    boolean lost = connectionLost(e);
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof PortException
          || cause instanceof RouteFileException
          || (cause instanceof FlywayException && !lost)) {
        return new StartException(String.valueOf(cause.getMessage()), e);
      }
    }
    LOG.debug("start failed", e);
    return new StartException(
        lost
            ? "The database went away during the start: " + line(e) + "; see payhook.database.url"
            : line(e),
        e);
  }

  /** The root cause in one line. */
  static String line(Throwable e) {
    Throwable root = Lines.root(e);
    return root.getClass().getSimpleName() + ": " + Lines.first(root.getMessage());
  }
}
