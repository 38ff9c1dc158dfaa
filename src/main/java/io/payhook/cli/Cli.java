package io.payhook.cli;

import io.payhook.settings.SettingsException;
import io.payhook.settings.StartException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/**
 * The command line. Exit codes of every command: 0 success, 1 failure or negative result, 2 usage
 * error.
 */
@Command(
    name = "payhook",
    description = "Receives the webhooks of payment platforms and finishes the work they start.",
    mixinStandardHelpOptions = true,
    scope = CommandLine.ScopeType.INHERIT,
    versionProvider = Cli.Version.class,
    sortOptions = false,
    subcommands = {
      RunCommand.class,
      SendCommand.class,
      CheckCommand.class,
      ReloadCommand.class,
      MigrateCommand.class,
      NewCommand.class,
      TestCommand.class,
      VerifyCommand.class,
      ProvidersCommand.class,
      KaotoCommand.class,
      EventsCommand.class,
      EventCommand.class,
      DeliveriesCommand.class,
      ReplayCommand.class,
      NodesCommand.class
    })
public final class Cli {
  /** Failure or negative result. */
  static final int NO = 1;

  /** Usage error. */
  static final int WRONG_USE = 2;

  /** Runs a command and returns its exit code. */
  public static int execute(String... arguments) {
    return commandLine().execute(arguments);
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Cli());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    line.setParameterExceptionHandler(
        (e, given) -> {
          CommandLine command = e.getCommandLine();
          PrintWriter err = command.getErr();
          err.println("payhook: " + firstLine(e.getMessage()));
          err.println(
              "'" + command.getCommandSpec().qualifiedName() + " --help' tells how it is used.");
          return WRONG_USE;
        });
    line.setExecutionExceptionHandler(
        (e, command, given) -> {
          PrintWriter err = command.getErr();
          if (e instanceof SettingsException settings) {
            settings.problems().forEach(problem -> err.println("payhook: " + problem));
            return WRONG_USE;
          }
          if (e instanceof StartException) {
            err.println("payhook: " + e.getMessage());
            return NO;
          }
          err.println(
              "payhook: "
                  + e
                  + "; this is a mistake in Payhook, please report it with these lines:");
          e.printStackTrace(err);
          return NO;
        });
    return line;
  }

  private static String firstLine(@Nullable String text) {
    return String.valueOf(text).lines().findFirst().orElse("");
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Cli.class.getPackage().getImplementationVersion();
      return new String[] {"payhook " + (version == null ? "(not built)" : version)};
    }
  }
}
