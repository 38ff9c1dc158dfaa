package io.payhook.cli;

import io.payhook.kit.Json;
import java.io.Console;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command: where it prints, and how it says that it can't do what it is asked for. */
abstract class Printing implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  CommandSpec spec;

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /** Prints a line. */
  final void say(String line) {
    out().println(line);
    out().flush();
  }

  /** Prints indented JSON. */
  final void json(@Nullable Object value) {
    say(Json.pretty(value));
  }

  final void print(Table table) {
    table.lines(width()).forEach(out()::println);
    out().flush();
  }

  /** Tells a person what is none of the output. */
  final void note(String text) {
    spec.commandLine().getErr().println(text);
    spec.commandLine().getErr().flush();
  }

  /** The exit code of what could not be done. */
  final int no(String why) {
    note("payhook: " + why);
    return Cli.NO;
  }

  /** To be thrown where the command is not used as it is meant to be. */
  final ParameterException wrong(String what) {
    return wrong(what, null);
  }

  final ParameterException wrong(String what, @Nullable Throwable cause) {
    return new ParameterException(spec.commandLine(), what, cause);
  }

  /** Of the terminal; without one nothing is cut. */
  private static int width() {
    String columns = System.getenv("COLUMNS");
    if (columns != null && columns.matches("[1-9]\\d{1,4}")) {
      return Integer.parseInt(columns);
    }
    return isTerminal() ? new UsageMessageSpec().autoWidth(true).width() : Integer.MAX_VALUE;
  }

  @SuppressWarnings("SystemConsoleNull") // null before JDK 22, not a terminal since
  private static boolean isTerminal() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return Boolean.TRUE.equals(Console.class.getMethod("isTerminal").invoke(console));
    } catch (ReflectiveOperationException e) {
      return true;
    }
  }
}
