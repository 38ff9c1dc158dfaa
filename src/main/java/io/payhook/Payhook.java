package io.payhook;

import io.payhook.cli.Cli;

/** The program: {@code payhook run}, {@code payhook send} and the other commands. */
public final class Payhook {
  private Payhook() {}

  public static void main(String[] args) {
    System.exit(Cli.execute(args));
  }
}
