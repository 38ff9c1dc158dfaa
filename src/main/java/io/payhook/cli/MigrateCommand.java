package io.payhook.cli;

import io.payhook.service.Settings;
import io.payhook.service.Tables;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code payhook migrate}. */
@Command(
    name = "migrate",
    description =
        "Brings the tables of the journal and of every integration to their newest version and ends;"
            + " afterwards the service runs as a role that may read and write them and nothing else.")
final class MigrateCommand extends Printing {
  @Mixin private final SettingsOptions options = new SettingsOptions();

  @Override
  public Integer call() {
    Settings settings = options.load();
    Tables.migrate(settings);
    say("The tables of the journal and of every integration have their newest version.");
    return 0;
  }
}
