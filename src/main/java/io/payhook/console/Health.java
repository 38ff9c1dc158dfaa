package io.payhook.console;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * The service's health. It is not ready while it is starting or draining, or while any check is
 * down. Checks are read at each request, so they must be fast: a flag that something else
 * maintains, not a query.
 */
public final class Health {
  /** A status. A warning is shown, and changes nothing. */
  public enum Status {
    UP,
    WARN,
    DOWN
  }

  /**
   * The result of a check.
   *
   * @param detail one line for people, never a secret
   */
  public record Reading(Status status, String detail) {
    public static Reading up(String detail) {
      return new Reading(Status.UP, detail);
    }

    public static Reading warn(String detail) {
      return new Reading(Status.WARN, detail);
    }

    public static Reading down(String detail) {
      return new Reading(Status.DOWN, detail);
    }
  }

  private enum Phase {
    STARTING("the service starts"),
    RUNNING("the service runs"),
    DRAINING("the service finishes what it has and takes nothing new");

    final String detail;

    Phase(String detail) {
      this.detail = detail;
    }
  }

  private record Check(String name, Supplier<Reading> reading) {}

  record Named(String name, Reading reading) {}

  /** All readings at one time; the overall status is the worst of them. */
  record Report(Status status, List<Named> checks) {}

  private final List<Check> checks = new CopyOnWriteArrayList<>();
  private volatile Phase phase = Phase.STARTING;

  /**
   * Adds a check. A check that throws counts as down.
   *
   * @param name one kebab-case word, such as {@code database}
   */
  public Health check(String name, Supplier<Reading> reading) {
    checks.add(new Check(name, reading));
    return this;
  }

  /** Startup is complete: from now on only the checks decide. */
  public void running() {
    phase = Phase.RUNNING;
  }

  /** No longer ready, so that a load balancer sends nothing new. */
  public void draining() {
    phase = Phase.DRAINING;
  }

  Report report() {
    List<Named> readings = new ArrayList<>();
    Phase now = phase;
    readings.add(
        new Named(
            "service", now == Phase.RUNNING ? Reading.up(now.detail) : Reading.down(now.detail)));
    for (Check check : checks) {
      readings.add(new Named(check.name(), read(check)));
    }
    Status worst = Status.UP;
    for (Named named : readings) {
      if (named.reading().status().compareTo(worst) > 0) {
        worst = named.reading().status();
      }
    }
    return new Report(worst, readings);
  }

  private static Reading read(Check check) {
    try {
      return check.reading().get();
    } catch (RuntimeException e) {
      return Reading.down("can't be told: " + e);
    }
  }
}
