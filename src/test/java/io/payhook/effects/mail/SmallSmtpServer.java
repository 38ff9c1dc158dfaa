package io.payhook.effects.mail;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * A mail server that misbehaves as a test tells it to: at each command it asks the test what to do.
 */
final class SmallSmtpServer implements AutoCloseable {
  /** Answers as a well-behaved server does. */
  static final String USUAL = "";

  /** Closes the connection instead of answering. */
  static final String HANG_UP = "hang up";

  /** Says for ever that it is at work. */
  static final String DRIP = "drip";

  private final ServerSocket socket;
  private final SSLContext starttls;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  final List<String> mails = new CopyOnWriteArrayList<>();
  final ConcurrentLinkedQueue<String> commands = new ConcurrentLinkedQueue<>();
  final AtomicInteger connections = new AtomicInteger();
  final AtomicInteger received = new AtomicInteger();
  volatile boolean keep = true;

  /** Connection's number from 1 and command; "." is the end of the content. */
  volatile BiFunction<Integer, String, String> answer = (connection, command) -> USUAL;

  /**
   * @param starttls null: not offered
   */
  SmallSmtpServer(SSLContext starttls) throws IOException {
    this.starttls = starttls;
    this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread thread = new Thread(this::accept, "smtp");
    thread.setDaemon(true);
    thread.start();
  }

  int port() {
    return socket.getLocalPort();
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        int number = connections.incrementAndGet();
        open.add(connection);
        Thread thread = new Thread(() -> serve(connection, number), "smtp-" + number);
        thread.setDaemon(true);
        thread.start();
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket first, int number) {
    try (Socket plain = first) {
      plain.setTcpNoDelay(true);
      Socket current = plain;
      BufferedReader in = reader(current);
      say(current, "220 test");
      boolean secure = false;
      while (true) {
        String line = in.readLine();
        if (line == null) {
          return;
        }
        if (keep) {
          commands.add((secure ? "tls " : "") + line);
        }
        String told = answer.apply(number, line);
        if (told.equals(HANG_UP)) {
          return;
        }
        if (told.equals(DRIP)) {
          drip(current);
        }
        String verb = line.split("[ :]", 2)[0].toUpperCase(Locale.ROOT);
        switch (verb) {
          case "EHLO", "HELO" ->
              say(
                  current,
                  !told.equals(USUAL)
                      ? told
                      : starttls != null && !secure ? "250-test\r\n250 STARTTLS" : "250 test");
          case "STARTTLS" -> {
            say(current, "220 go on");
            SSLSocket tls =
                (SSLSocket)
                    starttls
                        .getSocketFactory()
                        .createSocket(plain, "127.0.0.1", plain.getPort(), true);
            tls.setUseClientMode(false);
            current = tls;
            in = reader(tls);
            secure = true;
          }
          case "DATA" -> {
            say(current, told.equals(USUAL) ? "354 go on" : told);
            if (told.equals(USUAL)) {
              String mail = content(in);
              String end = answer.apply(number, ".");
              if (end.equals(HANG_UP)) {
                return;
              }
              if (end.equals(DRIP)) {
                drip(current);
              }
              if (end.equals(USUAL)) {
                received.incrementAndGet();
                if (keep) {
                  mails.add(mail);
                }
              }
              say(current, end.equals(USUAL) ? "250 taken" : end);
            }
          }
          case "QUIT" -> {
            say(current, "221 bye");
            return;
          }
          default -> say(current, told.equals(USUAL) ? "250 fine" : told);
        }
      }
    } catch (IOException e) {
      // The client went away.
    } finally {
      open.remove(first);
    }
  }

  private static void drip(Socket socket) throws IOException {
    while (true) {
      say(socket, "250-working");
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  private static String content(BufferedReader in) throws IOException {
    StringBuilder mail = new StringBuilder();
    for (String line = in.readLine(); !".".equals(line); line = in.readLine()) {
      if (line == null) {
        throw new IOException("ended within the content");
      }
      mail.append(line).append('\n');
    }
    return mail.toString();
  }

  private static BufferedReader reader(Socket socket) throws IOException {
    return new BufferedReader(
        new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
  }

  private static void say(Socket socket, String text) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write((text + "\r\n").getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  /** Closes all connections, as a server does with idle ones. */
  void closeConnections() throws IOException {
    for (Socket connection : open) {
      connection.close();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    closeConnections();
  }
}
