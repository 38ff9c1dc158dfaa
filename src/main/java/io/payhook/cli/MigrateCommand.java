package io.payhook.cli;

import io.payhook.service.Tables;
import io.payhook.settings.Settings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code payhook migrate}. */
@Command(
    name = "migrate",
    description =
        "Migrates the tables of the journal and of every integration to their newest "
            + "version and exits; afterwards the service can run as a role that may only read "
            + "and write them.")
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
