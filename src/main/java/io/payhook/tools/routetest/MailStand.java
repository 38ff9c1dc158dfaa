package io.payhook.tools.routetest;

import io.payhook.tools.routetest.RouteTest.Fault;
import jakarta.mail.BodyPart;
import jakarta.mail.MessagingException;
import jakarta.mail.Multipart;
import jakarta.mail.Part;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A mail server on loopback that keeps what it takes, and refuses what a test wants refused. */
final class MailStand implements AutoCloseable {
  /**
   * An e-mail that was taken.
   *
   * @param text all its text parts, plain and HTML
   */
  record Taken(MimeMessage message, String text) {
    String header(String name) {
      try {
        String[] values = message.getHeader(name);
        return values == null ? "" : decoded(values[0]);
      } catch (MessagingException e) {
        return "";
      }
    }

    private static String decoded(String value) {
      try {
        return jakarta.mail.internet.MimeUtility.decodeText(
            jakarta.mail.internet.MimeUtility.unfold(value));
      } catch (java.io.UnsupportedEncodingException e) {
        return value;
      }
    }
  }

  private final ServerSocket socket;
  private final Faults faults;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final List<Taken> taken = new CopyOnWriteArrayList<>();

  MailStand(Faults faults) throws IOException {
    this.faults = faults;
    this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start("test-smtp", this::accept);
  }

  int port() {
    return socket.getLocalPort();
  }

  List<Taken> taken() {
    return taken;
  }

  private static void start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        open.add(connection);
        start("test-smtp-connection", () -> serve(connection));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket connection) {
    try (connection;
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
        OutputStream out = connection.getOutputStream()) {
      connection.setTcpNoDelay(true);
      say(out, "220 test");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String verb = line.length() < 4 ? line : line.substring(0, 4).toUpperCase(Locale.ROOT);
        switch (verb) {
          case "EHLO" -> say(out, "250-test\r\n250-8BITMIME\r\n250 SMTPUTF8");
          case "DATA" -> {
            say(out, "354 go on");
            say(out, data(in));
          }
          case "QUIT" -> {
            say(out, "221 bye");
            return;
          }
          default -> say(out, "250 fine");
        }
      }
    } catch (IOException | MessagingException e) {
      // The other side is gone.
    } finally {
      open.remove(connection);
    }
  }

  private String data(BufferedReader in) throws IOException, MessagingException {
    StringBuilder text = new StringBuilder();
    for (String line = in.readLine(); line != null && !line.equals("."); line = in.readLine()) {
      text.append(line.startsWith(".") ? line.substring(1) : line).append("\r\n");
    }
    MimeMessage message =
        new MimeMessage(
            Session.getInstance(new Properties()),
            new ByteArrayInputStream(text.toString().getBytes(StandardCharsets.ISO_8859_1)));
    String id = message.getMessageID();
    Optional<Fault> fault = faults.due("smtp", id == null ? null : id.replaceAll("^<|@[^@]*$", ""));
    if (fault.isPresent()) {
      String with = fault.get().with();
      return (with == null ? "451" : with) + " made to fail by the test";
    }
    taken.add(new Taken(message, text(message)));
    return "250 taken";
  }

  private static String text(Part part) throws MessagingException, IOException {
    Object content = part.getContent();
    if (content instanceof Multipart parts) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < parts.getCount(); i++) {
        BodyPart one = parts.getBodyPart(i);
        text.append(text(one)).append('\n');
      }
      return text.toString();
    }
    return content instanceof String string ? string : "";
  }

  private static void say(OutputStream out, String line) throws IOException {
    out.write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  @Override
  public void close() {
    closeQuietly(socket);
    open.forEach(MailStand::closeQuietly);
  }

  private static void closeQuietly(@Nullable AutoCloseable closeable) {
    try {
      if (closeable != null) {
        closeable.close();
      }
    } catch (Exception e) {
      // Nobody needs it any more.
    }
  }
}
