package io.payhook.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The network between the service and its PostgreSQL, which a test can cut and mend. */
public final class DatabaseCable implements AutoCloseable {
  private final ServerSocket listener;
  private final int target;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Set<Socket> silent = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;
  private int through = Integer.MAX_VALUE;
  private int refusals;

  public DatabaseCable(int target) throws IOException {
    this.target = target;
    this.listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    daemon(this::accept);
  }

  public int port() {
    return listener.getLocalPort();
  }

  /** What is connected now gets no answer any more, and no end; what connects later does. */
  public void silence() {
    silent.addAll(open);
  }

  public void cut() {
    cut = true;
    open.forEach(DatabaseCable::close);
    open.clear();
  }

  public void mend() {
    cut = false;
  }

  /** Lets so many connections through from now on, then cuts all and refuses so many more. */
  public synchronized void cutAfter(int connections, int refused) {
    refusals = refused;
    through = connections;
  }

  /** Connections that are still to be refused. */
  public synchronized int refusals() {
    return refusals;
  }

  private synchronized boolean refuses() {
    if (through > 0) {
      through--;
      return false;
    }
    if (refusals == 0) {
      return false;
    }
    refusals--;
    open.forEach(DatabaseCable::close);
    open.clear();
    return true;
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        if (cut || refuses()) {
          close(client);
          continue;
        }
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        open.add(client);
        open.add(server);
        daemon(() -> copy(client, server));
        daemon(() -> copy(server, client));
      } catch (IOException e) {
        // The listener was closed, or the database is not there: the client sees a closed
        // connection.
      }
    }
  }

  private void copy(Socket from, Socket to) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] buffer = new byte[16 * 1024];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (!silent.contains(from)) {
          out.write(buffer, 0, n);
          out.flush();
        }
      }
    } catch (IOException e) {
      // One side is gone; closing both is what a cut cable does.
    } finally {
      open.remove(from);
      open.remove(to);
      silent.remove(from);
      silent.remove(to);
    }
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "database cable");
    thread.setDaemon(true);
    thread.start();
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // Closed is closed.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
  }
}
