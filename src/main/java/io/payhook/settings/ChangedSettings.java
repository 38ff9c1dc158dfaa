package io.payhook.settings;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What has changed in the settings of a running service.
 *
 * @param usable the running settings, with the changes that take effect at once
 * @param changePlaceholders whether the value of a placeholder in a route file may have changed
 * @param lines one line for people per setting
 */
public record ChangedSettings(Settings usable, boolean changePlaceholders, List<String> lines) {

  /**
   * Settings that are read whenever they are needed; all others were built into the service at
   * startup.
   */
  private static boolean countsAtOnce(String name) {
    boolean own = !name.startsWith("payhook.") && !name.startsWith("camel.");
    return own || name.equals(Key.LOG_LEVEL.name()) || name.equals(Key.MAIL_FROM.name());
  }

  /** Compares the running settings with those read again. */
  public static ChangedSettings of(Settings running, Settings read) {
    SortedSet<String> changed = running.changed(read);
    SortedSet<String> now = new TreeSet<>(changed);
    now.removeIf(name -> !countsAtOnce(name));
    List<String> lines = new ArrayList<>();
    for (String name : changed) {
      String place = read.origin(name).map(origin -> " (" + origin + ")").orElse(", set no more,");
      lines.add(
          name
              + place
              + (now.contains(name) ? " counts from now on" : " has changed and needs a restart"));
    }
    boolean placeholders = now.stream().anyMatch(name -> !name.equals(Key.LOG_LEVEL.name()));
    return new ChangedSettings(running.with(read, now), placeholders, List.copyOf(lines));
  }
}
