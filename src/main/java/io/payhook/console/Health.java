package io.payhook.console;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * What the service says of itself. It is not ready while it starts, while it drains, and while any
 * check is down. Checks are read at each request, so they should be quick: a flag that somebody
 * else keeps, not a query.
 */
public final class Health {
  /** How something is. A warning is told, and changes nothing. */
  public enum Status {
    UP,
    WARN,
    DOWN
  }

  /**
   * One check's answer.
   *
   * @param detail one line for a person, never a secret
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

  /** All readings at one time; the status is the worst of them. */
  record Report(Status status, List<Named> checks) {}

  private final List<Check> checks = new CopyOnWriteArrayList<>();
  private volatile Phase phase = Phase.STARTING;

  /**
   * Adds a check. One that throws counts as down.
   *
   * @param name one kebab-case word, such as {@code database}
   */
  public Health check(String name, Supplier<Reading> reading) {
    checks.add(new Check(name, reading));
    return this;
  }

  /** The start is over: from now on the checks alone decide. */
  public void running() {
    phase = Phase.RUNNING;
  }

  /** Not ready any more, so that a load balancer sends nothing new. */
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
