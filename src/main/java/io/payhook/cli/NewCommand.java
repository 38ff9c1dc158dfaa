package io.payhook.cli;

import io.payhook.routes.ReloadProblem;
import io.payhook.settings.Placeholders;
import io.payhook.settings.Settings;
import io.payhook.tools.scaffold.Scaffold;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code payhook new}. */
@Command(
    name = "new",
    description = "Creates a folder to start from, which passes 'check' and 'test' as it is.")
final class NewCommand extends Printing {

  @Override
  public Integer call() {
    throw wrong("what is to be new? 'new endpoint NAME' or 'new effect NAME'");
  }

  @Command(
      name = "endpoint",
      description =
          "Creates a URL for one account at one provider, with samples, a route and a test.")
  int endpoint(
      @Mixin SettingsOptions options,
      @Parameters(paramLabel = "NAME", description = "The last part of its URL, such as shop-eu.")
          String name,
      @Option(
              names = "--provider",
              paramLabel = "P",
              required = true,
              description = "The preset; 'payhook providers' lists them.")
          String provider)
      throws Exception {
    Settings settings = options.inspect().settings();
    return writing(settings, scaffold -> scaffold.endpoint(name, provider));
  }

  @Command(
      name = "effect",
      description = "Creates an effect of an endpoint's events: a route and a test.")
  int effect(
      @Mixin SettingsOptions options,
      @Parameters(
              paramLabel = "NAME",
              description = "The route's name, a verb and a noun, such as notify-sales.")
          String name,
      @Option(
              names = "--endpoint",
              paramLabel = "E",
              required = true,
              description = "The endpoint whose events it gets.")
          String endpoint,
      @Option(
              names = "--type",
              paramLabel = "T",
              required = true,
              description = "The event type, such as payment.success.")
          String type,
      @Option(
              names = "--kind",
              paramLabel = "KIND",
              defaultValue = "EMAIL",
              description = "What it does: email, crm or database (default: email).")
          Scaffold.Kind kind)
      throws Exception {
    Settings settings = options.inspect().settings();
    return writing(settings, scaffold -> scaffold.effect(name, endpoint, type, kind));
  }

  private interface Writing {
    List<Path> by(Scaffold scaffold) throws Exception;
  }

  private int writing(Settings settings, Writing writing) throws Exception {
    try {
      List<Path> written =
          writing.by(new Scaffold(settings.routes(), Placeholders.forReading(settings)));
      written.forEach(file -> out().println(ReloadProblem.shown(file)));
      say("Next: payhook check, payhook test, and change what is there to what you need.");
      return 0;
    } catch (Scaffold.Refused e) {
      return no(String.valueOf(e.getMessage()));
    }
  }
}
