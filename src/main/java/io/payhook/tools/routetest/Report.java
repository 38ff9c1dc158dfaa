package io.payhook.tools.routetest;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** What came out of a run of route tests. */
public final class Report {
  record Result(RouteTest test, List<Mismatch> failures, Duration took) {
    boolean passed() {
      return failures.isEmpty();
    }
  }

  private final List<Result> results;
  private final List<String> idle;
  private final Duration took;

  /**
   * @param idle the routes that nothing has started
   */
  Report(List<Result> results, List<String> idle, Duration took) {
    this.results = results;
    this.idle = idle;
    this.took = took;
  }

  /** Whether every test passed. */
  public boolean passed() {
    return results.stream().allMatch(Result::passed);
  }

  /** The tests that failed, each as one text for a person. */
  public List<String> failed() {
    return results.stream()
        .filter(result -> !result.passed())
        .map(result -> result.test().name() + System.lineSeparator() + text(result))
        .toList();
  }

  /** The routes that no test has started, and what they take from. */
  public List<String> idle() {
    return idle;
  }

  /** Every test's name, whether it passed or not. */
  public List<String> names() {
    return results.stream().map(result -> result.test().name()).toList();
  }

  private static String text(Result result) {
    List<String> lines = new ArrayList<>();
    result.failures().forEach(failure -> lines.addAll(failure.lines()));
    return String.join(System.lineSeparator(), lines);
  }

  /** Prints it like a specification. */
  public void print(PrintWriter out) {
    for (Map.Entry<Path, List<Result>> file : byFile().entrySet()) {
      out.println(file.getKey());
      for (Result result : file.getValue()) {
        out.println(
            (result.passed() ? "  ok    " : "  FAIL  ")
                + result.test().name()
                + (result.passed()
                    ? ""
                    : "  (" + file.getKey() + ":" + result.test().line() + ")"));
        for (Mismatch failure : result.failures()) {
          failure.lines().forEach(line -> out.println("          " + line));
        }
      }
    }
    if (!idle.isEmpty()) {
      out.println("Routes that no test starts, since they take from outside:");
      idle.forEach(route -> out.println("  " + route));
    }
    long good = results.stream().filter(Result::passed).count();
    out.printf(
        Locale.ROOT,
        "%d passed, %d failed in %.1f s%n",
        good,
        results.size() - good,
        took.toMillis() / 1000.0);
    out.flush();
  }

  /**
   * Writes it as JUnit's XML, which build servers read.
   *
   * @throws IOException where the file can't be written
   */
  public void junit(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    try (OutputStream out = Files.newOutputStream(file)) {
      XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(out, "UTF-8");
      xml.writeStartDocument("UTF-8", "1.0");
      xml.writeStartElement("testsuites");
      for (Map.Entry<Path, List<Result>> suite : byFile().entrySet()) {
        suite(xml, suite.getKey().toString(), suite.getValue());
      }
      xml.writeEndElement();
      xml.writeEndDocument();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IOException(file + ": can't be written: " + e.getMessage(), e);
    }
  }

  private static void suite(XMLStreamWriter xml, String name, List<Result> results)
      throws XMLStreamException {
    long failed = results.stream().filter(result -> !result.passed()).count();
    xml.writeStartElement("testsuite");
    xml.writeAttribute("name", name);
    xml.writeAttribute("tests", String.valueOf(results.size()));
    xml.writeAttribute("failures", String.valueOf(failed));
    xml.writeAttribute("errors", "0");
    xml.writeAttribute("skipped", "0");
    xml.writeAttribute(
        "time", seconds(results.stream().map(Result::took).reduce(Duration.ZERO, Duration::plus)));
    for (Result result : results) {
      xml.writeStartElement("testcase");
      xml.writeAttribute("classname", name);
      xml.writeAttribute("name", result.test().name());
      xml.writeAttribute("time", seconds(result.took()));
      if (!result.passed()) {
        xml.writeStartElement("failure");
        xml.writeAttribute("message", result.failures().get(0).what());
        // Control characters are not allowed in XML, not even escaped.
        xml.writeCharacters(text(result).replaceAll("[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F]", "?"));
        xml.writeEndElement();
      }
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.3f", duration.toMillis() / 1000.0);
  }

  private Map<Path, List<Result>> byFile() {
    Map<Path, List<Result>> files = new LinkedHashMap<>();
    for (Result result : results) {
      files.computeIfAbsent(result.test().file(), file -> new ArrayList<>()).add(result);
    }
    return files;
  }
}
