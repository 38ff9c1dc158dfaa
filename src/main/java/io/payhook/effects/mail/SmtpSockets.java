package io.payhook.effects.mail;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Sockets for connections to a mail server: each reply is limited in size, and a connection that is
 * being opened or used can be closed from another thread. TLS is layered on top.
 *
 * <p>There are two factories because the mail client takes any {@link SSLSocketFactory} to speak
 * TLS from the first byte, and since both of Java's are classes, they can share no base.
 */
final class SmtpSockets {
  /** Maximum size of the reply to a command, or of a handshake. */
  private static final int LONGEST_ANSWER = 64 << 10;

  private static final ThreadLocal<@Nullable Call> CURRENT = new ThreadLocal<>();

  private SmtpSockets() {}

  /** An e-mail being sent on this thread, whose connection can be closed. */
  static final class Call implements AutoCloseable {
    private @Nullable Socket socket;
    private boolean over;

    Call() {
      CURRENT.set(this);
    }

    /** Uses this connection from now on, which may have been opened for another e-mail. */
    void over(@Nullable Socket connection) throws IOException {
      boolean late;
      synchronized (this) {
        socket = connection;
        late = over;
      }
      if (late && connection != null) {
        connection.close();
      }
    }

    /** The connection in use. */
    synchronized @Nullable Socket socket() {
      return socket;
    }

    /** Aborts it, from another thread. */
    void abort() throws IOException {
      Socket open;
      synchronized (this) {
        over = true;
        open = socket;
      }
      if (open != null) {
        open.close();
      }
    }

    @Override
    public void close() {
      CURRENT.remove();
    }
  }

  private static Socket socket() throws IOException {
    Socket socket = new Bounded();
    Call call = CURRENT.get();
    if (call != null) {
      call.over(socket);
    }
    return socket;
  }

  /** Counts the bytes received since the last bytes sent. */
  private static final class Bounded extends Socket {
    private int answered;

    @Override
    public InputStream getInputStream() throws IOException {
      return new FilterInputStream(super.getInputStream()) {
        @Override
        public int read() throws IOException {
          return counted(super.read(), 1);
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
          int read = super.read(bytes, offset, length);
          return counted(read, read);
        }
      };
    }

    private int counted(int result, int count) throws IOException {
      if (result >= 0) {
        answered += count;
        if (answered > LONGEST_ANSWER) {
          throw new IOException(
              "the answer is longer than " + (LONGEST_ANSWER >> 10) + " kB; is it a mail server?");
        }
      }
      return result;
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
      return new FilterOutputStream(super.getOutputStream()) {
        @Override
        public void write(int c) throws IOException {
          answered = 0;
          out.write(c);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          answered = 0;
          out.write(bytes, offset, length);
        }
      };
    }
  }

  /** Opens connections without TLS. */
  static final class Plain extends SocketFactory {
    @Override
    public Socket createSocket() throws IOException {
      return socket();
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }
  }

  /** Opens connections and layers TLS on top. */
  static final class Layered extends SSLSocketFactory {
    private final SSLSocketFactory tls;

    Layered(SSLSocketFactory tls) {
      this.tls = tls;
    }

    @Override
    public Socket createSocket() throws IOException {
      return socket();
    }

    @Override
    public Socket createSocket(Socket below, String host, int port, boolean autoClose)
        throws IOException {
      return tls.createSocket(below, host, port, autoClose);
    }

    @Override
    public String[] getDefaultCipherSuites() {
      return tls.getDefaultCipherSuites();
    }

    @Override
    public String[] getSupportedCipherSuites() {
      return tls.getSupportedCipherSuites();
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }
  }
}
