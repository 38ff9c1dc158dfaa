package io.payhook.intake;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** A client that says exactly what a test says, byte for byte. */
final class RawClient implements AutoCloseable {
  static final String CLOSED = "<closed>";
  private final Socket socket;

  RawClient(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
  }

  RawClient say(String text) throws IOException {
    return say(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  RawClient say(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  RawClient endInput() throws IOException {
    socket.shutdownOutput();
    return this;
  }

  /** One answer with its body, or what came until the connection was closed. */
  String answer() throws IOException {
    socket.setSoTimeout(10_000);
    ByteArrayOutputStream heard = new ByteArrayOutputStream();
    while (true) {
      int next;
      try {
        next = socket.getInputStream().read();
      } catch (SocketTimeoutException e) {
        throw new AssertionError("no answer within 10 s; so far: " + heard, e);
      } catch (IOException reset) {
        next = -1;
      }
      String text = heard.toString(StandardCharsets.ISO_8859_1);
      if (next < 0) {
        return text + CLOSED;
      }
      heard.write(next);
      text = heard.toString(StandardCharsets.ISO_8859_1);
      int head = text.indexOf("\r\n\r\n");
      if (head >= 0 && text.length() - head - 4 >= length(text.substring(0, head))) {
        return text;
      }
    }
  }

  private static int length(String head) {
    return head.lines()
        .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:"))
        .map(line -> Integer.parseInt(line.substring(15).strip()))
        .findFirst()
        .orElse(0);
  }

  /** The status of one answer, or {@link #CLOSED}. */
  String status() throws IOException {
    String answer = answer();
    return answer.startsWith("HTTP/1.") ? answer.substring(9, 12) : CLOSED;
  }

  boolean isClosed() throws IOException {
    return answer().equals(CLOSED);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
