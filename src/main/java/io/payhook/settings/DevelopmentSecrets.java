package io.payhook.settings;

import io.payhook.files.TextFile;
import io.payhook.files.Trouble;
import io.payhook.signature.Secret;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stand-ins for secrets that have not been set, generated once and stored in {@code
 * secrets.properties} in the data folder, which only its owner can read. For development only.
 * Several processes may use one folder at the same time, such as the service and {@code payhook
 * send}.
 */
public final class DevelopmentSecrets {
  private static final Logger LOG = LoggerFactory.getLogger(DevelopmentSecrets.class);
  private static final String HEAD =
      "# Development secrets, made by Payhook. Set the environment variables of these names for real ones.\n";

  private final Path data;
  private final Path file;

  /** The secrets stored in a data folder, which is created with the first secret. */
  public DevelopmentSecrets(Path data) {
    this.data = data;
    this.file = data.resolve("secrets.properties");
  }

  /**
   * The secret of that name, generated at the first call: 64 hex digits, or a key if the name
   * contains ED25519 or RSA before {@link EnvironmentFunction#WEBHOOK_SECRET}.
   *
   * @throws StartException if the folder cannot be read or written
   */
  public String get(String name) {
    // Within one process, a file can be locked only once.
    synchronized (DevelopmentSecrets.class) {
      Optional<String> kept = find(name);
      return kept.isPresent() ? kept.get() : make(name);
    }
  }

  /** The secret of that name, if it has been generated. */
  public Optional<String> find(String name) {
    synchronized (DevelopmentSecrets.class) {
      try {
        return Optional.ofNullable(parse(DataFolder.read(file).orElse("")).getProperty(name));
      } catch (CharacterCodingException e) {
        // Without a cause: the innermost cause would be reported for the wrong file.
        throw new IllegalArgumentException(
            Trouble.of(file, e) + ", or remove it to have development secrets made anew");
      } catch (IOException e) {
        throw DataFolder.unusable("The file " + file, e);
      }
    }
  }

  private String make(String name) {
    DataFolder.create(data);
    try (FileChannel channel = DataFolder.openPrivate(file);
        FileLock lock = channel.lock()) {
      ByteBuffer bytes = ByteBuffer.allocate((int) channel.size());
      while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
      String text = TextFile.text(bytes.array());
      String other = parse(text).getProperty(name);
      if (other != null && lock.isValid()) {
        return other;
      }
      String made = Secret.random(kindOf(name)).value();
      // Appended with one write: a concurrent reader sees all of the secret or nothing.
      String line =
          (text.isEmpty() ? HEAD : text.endsWith("\n") ? "" : "\n") + name + "=" + made + "\n";
      channel.position(channel.size());
      channel.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
      channel.force(true);
      LOG.warn(
          "{} is not set: generated a development secret and stored it in {}; set the variable before real traffic",
          name,
          file);
      return made;
    } catch (IOException e) {
      throw DataFolder.unusable("The file " + file, e);
    }
  }

  static Secret.Kind kindOf(String name) {
    for (Secret.Kind kind : Secret.Kind.values()) {
      if (name.endsWith("_" + kind + EnvironmentFunction.WEBHOOK_SECRET)) {
        return kind;
      }
    }
    return Secret.Kind.SHARED;
  }

  private static Properties parse(String text) throws IOException {
    Properties secrets = new Properties();
    secrets.load(new StringReader(text));
    return secrets;
  }
}
