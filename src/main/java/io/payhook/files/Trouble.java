package io.payhook.files;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Why a file or folder can't be read, in words for a person.
 *
 * @param what what is wrong with it
 * @param right what would be right
 */
public record Trouble(Path file, String what, String right) {

  /** Of what came of reading it. */
  public static Trouble of(Path file, IOException e) {
    if (e instanceof CharacterCodingException) {
      String what = e instanceof TextFile.NotTextException ? e.getMessage() : "is not UTF-8 text";
      return new Trouble(file, "the file " + what, "save it as UTF-8");
    }
    if (e instanceof AccessDeniedException) {
      return new Trouble(
          file,
          "can't be read: permission denied" + mode(file),
          "make it readable for the user that Payhook runs as");
    }
    if (e instanceof FileSystemLoopException) {
      return new Trouble(
          file,
          "the link leads back to a folder that it is in",
          "remove it, or let it lead elsewhere");
    }
    if (e instanceof NoSuchFileException) {
      return Files.isSymbolicLink(file) ? dangling(file) : gone(file);
    }
    String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    return new Trouble(
        file,
        "can't be read: " + (reason == null ? e.getClass().getSimpleName() : reason),
        "make it readable");
  }

  static Trouble dangling(Path link) {
    String target;
    try {
      target = Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      target = "?";
    }
    return new Trouble(
        link,
        "the link leads to " + target + ", which is not there",
        "make that, or remove the link");
  }

  private static Trouble gone(Path file) {
    return new Trouble(file, "is gone while it is read", "put it back, or try again");
  }

  /** What a person would look up with {@code ls -l}. */
  private static String mode(Path file) {
    try {
      PosixFileAttributes attributes = Files.readAttributes(file, PosixFileAttributes.class);
      return " (mode "
          + PosixFilePermissions.toString(attributes.permissions())
          + ", owner "
          + attributes.owner().getName()
          + ", read as "
          + System.getProperty("user.name")
          + ")";
    } catch (IOException | UnsupportedOperationException e) {
      return "";
    }
  }

  /** {@code file: what; right}. */
  @Override
  public String toString() {
    return file + ": " + what + "; " + right;
  }
}
