package io.payhook.cli;

import io.payhook.settings.Settings;
import io.payhook.tools.kaoto.KaotoCatalog;
import io.payhook.tools.scaffold.Scaffold;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code payhook kaoto}. */
@Command(
    name = "kaoto",
    description =
        "Writes a catalog for Kaoto, the visual route editor, with everything that is "
            + "available here: the components, 'event:' and the kamelets.")
final class KaotoCommand extends Printing {
  @Mixin private final SettingsOptions options = new SettingsOptions();

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
    try {
      KaotoCatalog.Written written =
          new KaotoCatalog(folder, settings.routes())
              .write(target, to == null ? settings::makeData : () -> {});
      say(
          """
          %s: %s
          components  %s
          kamelets    %s
          Next: serve the folder over HTTP and set kaoto.catalog.url in VS Code to the URL of its \
          index.json."""
              .formatted(
                  target.resolve("index.json"),
                  written.name(),
                  String.join(", ", written.components()),
                  String.join(", ", written.kamelets())));
      return 0;
    } catch (Scaffold.Refused e) {
      return no(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return no("the catalog can't be written: " + e + "; name another folder with --to");
    }
  }
}
