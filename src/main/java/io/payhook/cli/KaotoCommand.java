package io.payhook.cli;

import io.payhook.service.Settings;
import io.payhook.tools.kaoto.KaotoCatalog;
import io.payhook.tools.scaffold.Scaffold;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code payhook kaoto}. */
@Command(
    name = "kaoto",
    description =
        "Writes a catalog for Kaoto, the visual route editor, with everything that is "
            + "available here: the components, 'event:' and the kamelets.")
final class KaotoCommand implements Callable<Integer> {
  @Mixin private final SettingsOptions options = new SettingsOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "FOLDER",
      description =
          "Kaoto's own catalog: dist/camel-catalog of the npm package @kaoto/camel-catalog.")
  private Path folder = Path.of("");

  @Option(
      names = "--to",
      paramLabel = "DIR",
      description = "The folder to write to (default: kaoto in the data folder).")
  private @Nullable Path to;

  @Override
  public Integer call() {
    Settings settings = options.inspect().settings();
    Path target = to == null ? settings.data().resolve("kaoto") : to;
    PrintWriter out = spec.commandLine().getOut();
    try {
      KaotoCatalog.Written written =
          new KaotoCatalog(folder, settings.routes())
              .write(target, to == null ? settings::makeData : () -> {});
      out.println(target.resolve("index.json") + ": " + written.name());
      out.println("components  " + String.join(", ", written.components()));
      out.println("kamelets    " + String.join(", ", written.kamelets()));
      out.println(
          "Next: serve the folder over HTTP and set kaoto.catalog.url in VS Code to the URL of its"
              + " index.json.");
      out.flush();
      return 0;
    } catch (Scaffold.Refused e) {
      spec.commandLine().getErr().println("payhook: " + e.getMessage());
    } catch (IOException e) {
      spec.commandLine()
          .getErr()
          .println(
              "payhook: the catalog can't be written: " + e + "; name another folder with --to");
    }
    return Cli.NO;
  }
}
