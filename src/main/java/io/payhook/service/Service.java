package io.payhook.service;

import java.util.concurrent.CountDownLatch;

/** The running service. */
public final class Service implements AutoCloseable {
  private final Database database;
  private final CountDownLatch closed = new CountDownLatch(1);

  private Service(Database database) {
    this.database = database;
  }

  /**
   * Starts it and returns when it takes requests.
   *
   * @throws StartException when it cannot start
   */
  public static Service start(Settings settings) {
    Service service = new Service(Database.open(settings));
    System.out.println("Payhook is ready");
    return service;
  }

  /** Waits until {@link #close} has been called. */
  public void awaitTermination() throws InterruptedException {
    closed.await();
  }

  /** Drains and stops. */
  @Override
  public void close() {
    database.close();
    closed.countDown();
  }
}
