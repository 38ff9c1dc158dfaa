import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Locale;

/**
 * The far side of e-mails and CRM calls: {@code Sinks smtp PORT RECORD} or {@code Sinks http PORT
 * RECORD}. Takes everything, and writes a line about each thing to the record before it answers, so
 * that what was answered is recorded even if this process is killed in the next moment.
 *
 * <p>Lines are tab-separated: microseconds since 1970, then for an e-mail its Message-ID, first
 * recipient and subject, for a call its method, path and Idempotency-Key.
 */
final class Sinks {
  private final FileChannel record;

  private Sinks(Path record) throws IOException {
    this.record =
        FileChannel.open(
            record,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.APPEND);
  }

  /** One write call a line: it is with the operating system before the sender hears of it. */
  private void note(String... fields) throws IOException {
    Instant now = Instant.now();
    long micros = now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
    String line = micros + "\t" + String.join("\t", fields).replace('\n', ' ') + "\n";
    record.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
  }

  private interface Conversation {
    void hold(InputStream in, OutputStream out) throws IOException;
  }

  private static void serve(int port, Conversation conversation) throws IOException {
    try (ServerSocket server = new ServerSocket()) {
      server.setReuseAddress(true);
      server.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 1024);
      while (true) {
        Socket socket = server.accept();
        Thread thread =
            new Thread(
                null,
                () -> {
                  try (socket) {
                    socket.setTcpNoDelay(true);
                    conversation.hold(
                        new BufferedInputStream(socket.getInputStream(), 16 * 1024),
                        socket.getOutputStream());
                  } catch (EOFException | SocketException e) {
                    // The other side has left.
                  } catch (IOException e) {
                    System.err.println(e);
                  }
                },
                "conversation",
                256 * 1024);
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  /** A line without its end. */
  private static String line(InputStream in, ByteArrayOutputStream buffer) throws IOException {
    buffer.reset();
    int b = in.read();
    while (b != '\n') {
      if (b < 0) {
        throw new EOFException();
      }
      if (b != '\r') {
        buffer.write(b);
      }
      b = in.read();
    }
    return buffer.toString(StandardCharsets.ISO_8859_1);
  }

  private static void answer(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private void smtp(InputStream in, OutputStream out) throws IOException {
    ByteArrayOutputStream buffer = new ByteArrayOutputStream(1024);
    String recipient = "";
    answer(out, "220 sink ESMTP\r\n");
    while (true) {
      String command = line(in, buffer);
      String verb = command.length() < 4 ? command : command.substring(0, 4);
      switch (verb.toUpperCase(Locale.ROOT)) {
        case "EHLO" -> answer(out, "250-sink\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n");
        case "RCPT" -> {
          if (recipient.isEmpty()) {
            recipient = command.substring(command.indexOf(':') + 1).replaceAll("[<>]", "").trim();
          }
          answer(out, "250 ok\r\n");
        }
        case "DATA" -> {
          answer(out, "354 go on\r\n");
          mail(in, buffer, recipient);
          recipient = "";
          answer(out, "250 taken\r\n");
        }
        case "QUIT" -> {
          answer(out, "221 bye\r\n");
          return;
        }
        case "RSET" -> {
          recipient = "";
          answer(out, "250 ok\r\n");
        }
        case "HELO", "MAIL", "NOOP" -> answer(out, "250 ok\r\n");
        default -> answer(out, "500 unknown command\r\n");
      }
    }
  }

  private void mail(InputStream in, ByteArrayOutputStream buffer, String recipient)
      throws IOException {
    String id = "";
    String subject = "";
    boolean head = true;
    String header = "";
    for (String line = line(in, buffer); !line.equals("."); line = line(in, buffer)) {
      if (!head) {
        continue;
      }
      if (line.startsWith(" ") || line.startsWith("\t")) {
        if (header.equals("message-id") && id.isEmpty()) {
          id = line.trim();
        } else if (header.equals("subject")) {
          subject += line;
        }
        continue;
      }
      int colon = line.indexOf(':');
      header = colon < 0 ? "" : line.substring(0, colon).toLowerCase(Locale.ROOT);
      String value = colon < 0 ? "" : line.substring(colon + 1).trim();
      if (header.equals("message-id")) {
        id = value;
      } else if (header.equals("subject")) {
        subject = value;
      }
      head = !line.isEmpty();
    }
    note(id, recipient, subject);
  }

  private void http(InputStream in, OutputStream out) throws IOException {
    ByteArrayOutputStream buffer = new ByteArrayOutputStream(1024);
    while (true) {
      String[] request = line(in, buffer).split(" ");
      long length = 0;
      boolean chunked = false;
      String key = "";
      for (String line = line(in, buffer); !line.isEmpty(); line = line(in, buffer)) {
        int colon = line.indexOf(':');
        if (colon < 0) {
          continue;
        }
        String value = line.substring(colon + 1).trim();
        switch (line.substring(0, colon).toLowerCase(Locale.ROOT)) {
          case "content-length" -> length = Long.parseLong(value);
          case "transfer-encoding" -> chunked = value.equalsIgnoreCase("chunked");
          case "idempotency-key" -> key = value;
          default -> {}
        }
      }
      if (chunked) {
        for (int size = size(line(in, buffer)); size > 0; size = size(line(in, buffer))) {
          in.skipNBytes(size + 2L);
        }
        line(in, buffer);
      } else {
        in.skipNBytes(length);
      }
      note(request[0], request.length > 1 ? request[1] : "", key);
      answer(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    }
  }

  private static int size(String chunk) {
    return Integer.parseInt(chunk.split(";")[0].trim(), 16);
  }

  public static void main(String[] args) throws IOException {
    Sinks sinks = new Sinks(Path.of(args[2]));
    int port = Integer.parseInt(args[1]);
    switch (args[0]) {
      case "smtp" -> serve(port, sinks::smtp);
      case "http" -> serve(port, sinks::http);
      default -> throw new IllegalArgumentException("a sink is smtp or http");
    }
  }
}
