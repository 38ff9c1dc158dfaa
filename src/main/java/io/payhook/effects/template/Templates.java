package io.payhook.effects.template;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.payhook.effects.Bounds;
import io.payhook.effects.EffectException;
import io.payhook.effects.Texts;
import io.pebbletemplates.pebble.PebbleEngine;
import io.pebbletemplates.pebble.error.LoaderException;
import io.pebbletemplates.pebble.error.PebbleException;
import io.pebbletemplates.pebble.loader.Loader;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Pebble templates of integrations. They have access to the variables of the exchange; a member
 * that the event does not have is empty. Values are escaped according to the type of the file:
 * {@code .html} for HTML, {@code .json} for JSON strings, {@code .txt} not at all. An edited file
 * is used at the next rendering.
 */
public final class Templates {
  private final PebbleEngine html;
  private final PebbleEngine json;
  private final PebbleEngine text;

  /** Templates as they are on disk when they are rendered. */
  public Templates() {
    this(Texts.onDisk());
  }

  public Templates(Texts texts) {
    this.html = engine("html", texts);
    this.json = engine("json", texts);
    this.text = engine(null, texts);
  }

  /**
   * Parses a template, without the ones it extends or imports.
   *
   * @throws EffectException if it is not valid
   */
  public static void check(Path file, String text) {
    try {
      new Templates().engineFor(file).getLiteralTemplate(text);
    } catch (PebbleException e) {
      throw new EffectException(
          (e.getLineNumber() == null ? "" : "line " + e.getLineNumber() + ": ") + message(e), e);
    }
  }

  private static String message(PebbleException e) {
    return e.getPebbleMessage() == null ? e.toString() : e.getPebbleMessage();
  }

  private static PebbleEngine engine(@Nullable String escaping, Texts texts) {
    PebbleEngine.Builder builder =
        new PebbleEngine.Builder()
            .loader(new VersionedFiles(texts))
            .extension(new TemplateFilters("html".equals(escaping)))
            .maxRenderedSize(Bounds.RENDERED)
            .strictVariables(false)
            .newLineTrimming(false)
            .defaultLocale(Locale.ENGLISH)
            .addEscapingStrategy(
                "json", value -> new String(JsonStringEncoder.getInstance().quoteAsString(value)));
    return escaping == null
        ? builder.autoEscaping(false).build()
        : builder.defaultEscapingStrategy(escaping).build();
  }

  /**
   * Renders a file.
   *
   * @throws EffectException if it does not exist, is not a valid template, or fails with these
   *     values; names file and line
   */
  public String render(Path file, Map<String, Object> variables) {
    Writer out = new StringWriter();
    try {
      engineFor(file)
          .getTemplate(file.toString())
          .evaluate(out, Bounds.printable(variables, !file.toString().endsWith(".json")));
    } catch (PebbleException e) {
      throw new EffectException(problem(file, e), e);
    } catch (EffectException e) {
      String message = String.valueOf(e.getMessage());
      throw message.startsWith("/") ? e : new EffectException(file + ": " + message, e);
    } catch (StackOverflowError e) {
      throw new EffectException(
          file + ": includes itself without end; a template that ends would be right", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString();
  }

  private PebbleEngine engineFor(Path file) {
    String name = file.toString();
    return name.endsWith(".html") ? html : name.endsWith(".json") ? json : text;
  }

  private static String problem(Path file, PebbleException e) {
    String message = message(e);
    if (e instanceof LoaderException) {
      return message;
    }
    String at = e.getFileName() == null ? file.toString() : e.getFileName();
    if (message.startsWith("Tried to write more than")) {
      message =
          "gives more than %s characters for this event; a shorter text would be right"
              .formatted(Bounds.RENDERED);
    }
    return at + (e.getLineNumber() == null ? "" : ":" + e.getLineNumber()) + ": " + message;
  }

  private record Version(Path file, Object version) {}

  private static final class VersionedFiles implements Loader<Version> {
    private final Texts texts;

    VersionedFiles(Texts texts) {
      this.texts = texts;
    }

    @Override
    public Version createCacheKey(String name) {
      Path file = Path.of(name);
      try {
        return new Version(file, texts.get(file).version());
      } catch (IOException e) {
        throw missing(file, e);
      }
    }

    @Override
    public Reader getReader(Version version) {
      try {
        return new StringReader(texts.get(version.file).text());
      } catch (IOException e) {
        throw missing(version.file, e);
      }
    }

    private static LoaderException missing(Path file, IOException e) {
      return new LoaderException(
          e,
          file
              + ": there is no such template below the routes folder; a template's path is relative"
              + " to the route file's folder, and inside a template to its own");
    }

    @Override
    public String resolveRelativePath(String relative, String anchor) {
      return Path.of(anchor).resolveSibling(relative).normalize().toString();
    }

    @Override
    public boolean resourceExists(String name) {
      return texts.has(Path.of(name));
    }

    @Override
    public void setCharset(String charset) {
      throw new UnsupportedOperationException("templates are UTF-8");
    }

    @Override
    public void setPrefix(String prefix) {
      throw new UnsupportedOperationException("templates have whole paths");
    }

    @Override
    public void setSuffix(String suffix) {
      throw new UnsupportedOperationException("templates have whole names");
    }
  }
}
