package io.payhook.intake;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The open connections: how many there may be, and how long each may take for a head and for a
 * body. If there are too many, the one that has been idle longest is closed, starting with
 * addresses that hold more than their share; a complete request is never turned away for this.
 * Everything here happens on the server's single event loop.
 */
final class Connections {
  private static final Duration HEAD = Duration.ofSeconds(10);
  private static final Duration LINGER = Duration.ofSeconds(2);
  private static final Duration IDLE = Duration.ofSeconds(75);

  private final int most;
  private final Duration bodyTime;
  private final Shed shed;
  private final Map<HttpConnection, Link> links = new HashMap<>();
  private final Set<Link> waiting = new LinkedHashSet<>();
  private final Map<String, Set<Link>> waitingOf = new HashMap<>();

  Connections(int most, Duration bodyTime, Shed shed) {
    this.most = most;
    this.bodyTime = bodyTime;
    this.shed = shed;
  }

  /** Something that is arriving over a connection and can be given up. */
  interface Coming {
    /** It took too long. */
    void tooSlow();

    /** Its place is needed. */
    void giveWay();

    /** It is not HTTP. */
    void unreadable();

    /** The client is gone. */
    void gone();
  }

  /** One connection. */
  final class Link {
    private final HttpConnection connection;
    private final String peer;
    private long deadline;
    private @Nullable Coming coming;
    private @Nullable Channel channel;
    private @Nullable HttpServerRequest current;
    private boolean last;
    private boolean between = true;
    private boolean inputEnded;

    private Link(HttpConnection connection, String peer) {
      this.connection = connection;
      this.peer = peer;
    }

    /**
     * A head has arrived; for pipelined requests, when the previous one has been answered.
     *
     * @return false if the previous one was the last of the connection
     */
    boolean begin(HttpServerRequest request) {
      current = request;
      return !last;
    }

    /** The answer being written is the last one. */
    void last() {
      last = true;
      coming = null;
    }

    /** A body, or the rest of an unwanted one, is expected. */
    void awaitBody(@Nullable Coming body) {
      coming = body;
      between = false;
      await(bodyTime);
    }

    /** The request has arrived completely; from now on it may take its time. */
    void serve() {
      coming = null;
      forget(this);
    }

    /**
     * The answer is written. The next pipelined request may have begun before this is called.
     *
     * @param whole whether the request was read to its end
     */
    void answered(HttpServerRequest request, boolean whole) {
      if (current != request) {
        return;
      }
      coming = null;
      if (inputEnded) {
        connection.close();
      } else if (!links.containsKey(connection)) {
        forget(this);
      } else if (whole) {
        between = true;
        await(IDLE);
      }
    }

    /** Closes the connection once its last answer has been sent. */
    void end() {
      forget(this);
      connection.close();
    }

    /**
     * Like {@link #end}, for a client that is still sending: if the connection were closed at once,
     * it would be reset and the answer lost. The client sees the end of the answer, and what it
     * sends for a while is discarded.
     */
    void endSlowly() {
      if (channel instanceof DuplexChannel duplex) {
        var unused = duplex.shutdownOutput();
        await(LINGER);
      } else {
        end();
      }
    }

    private void await(Duration time) {
      deadline = System.nanoTime() + time.toNanos();
      forget(this);
      waiting.add(this);
      waitingOf.computeIfAbsent(peer, any -> new LinkedHashSet<>()).add(this);
    }

    /** The client has finished sending; it may still be receiving. */
    private void inputEnded() {
      inputEnded = true;
      if (waiting.contains(this)) {
        connection.close();
      }
    }
  }

  /** Waits for the first request of a connection. */
  void opened(HttpConnection connection) {
    String peer =
        connection.remoteAddress() == null ? "" : connection.remoteAddress().hostAddress();
    Link link = new Link(connection, peer == null ? "" : peer);
    links.put(connection, link);
    link.await(HEAD);
    if (connection instanceof ConnectionBase base) {
      listen(base.channelHandlerContext(), link);
    }
    if (links.size() > most) {
      Set<Link> own = waitingOf.getOrDefault(link.peer, Set.of());
      giveUp((own.size() > most / 8 ? own : waiting).iterator().next());
    }
  }

  /** Null once it has closed: a request that was pipelined may still come out of it. */
  @Nullable Link of(HttpConnection connection) {
    return links.get(connection);
  }

  int open() {
    return links.size();
  }

  /** Ends whatever has taken too long; called twice a second. */
  void sweep() {
    long now = System.nanoTime();
    Collection<Link> late = new ArrayList<>();
    for (Link link : waiting) {
      if (now - link.deadline > 0) {
        late.add(link);
      }
    }
    for (Link link : late) {
      forget(link);
      if (link.coming != null) {
        link.coming.tooSlow();
      } else {
        link.connection.close();
      }
    }
  }

  private void giveUp(Link link) {
    shed.count(Shed.Reason.CONNECTIONS);
    forget(link);
    if (link.coming != null) {
      link.coming.giveWay();
    } else {
      link.connection.close();
    }
  }

  private void closed(Link link) {
    links.remove(link.connection);
    forget(link);
    if (link.coming != null) {
      link.coming.gone();
    }
  }

  private void forget(Link link) {
    waiting.remove(link);
    Set<Link> own = waitingOf.get(link.peer);
    if (own != null && own.remove(link) && own.isEmpty()) {
      waitingOf.remove(link.peer);
    }
  }

  private static FullHttpResponse unreadable(Throwable cause) {
    HttpResponseStatus status =
        cause instanceof TooLongHttpLineException
            ? HttpResponseStatus.REQUEST_URI_TOO_LONG
            : cause instanceof TooLongHttpHeaderException
                ? HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                : HttpResponseStatus.BAD_REQUEST;
    FullHttpResponse answer = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status);
    answer.headers().set("Connection", "close").set("Content-Length", 0);
    return answer;
  }

  /**
   * Vert.x closes a connection whose client has closed its half, and one whose head or chunks
   * cannot be parsed, without the answer that the client is waiting for, or before the client has
   * received it.
   */
  private void listen(ChannelHandlerContext vertx, Link link) {
    if (vertx.pipeline().get(SslHandler.class) == null) {
      link.channel = vertx.channel();
      vertx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    }
    vertx
        .pipeline()
        .addBefore(
            vertx.name(),
            "payhook",
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext context, Object message) {
                if (message instanceof HttpRequest request) {
                  refuseOtherVersions(request);
                }
                if (message instanceof HttpRequest request
                    && request.decoderResult().isFailure()
                    && link.between) {
                  ReferenceCountUtil.release(message);
                  shed.count(Shed.Reason.BAD_REQUEST);
                  context
                      .writeAndFlush(unreadable(request.decoderResult().cause()))
                      .addListener(written -> link.endSlowly());
                } else if (message instanceof HttpContent content
                    && !(message instanceof HttpRequest)
                    && content.decoderResult().isFailure()) {
                  ReferenceCountUtil.release(message);
                  if (link.coming == null) {
                    link.connection.close();
                  } else {
                    link.coming.unreadable();
                  }
                } else {
                  context.fireChannelRead(message);
                }
              }

              @Override
              public void channelInactive(ChannelHandlerContext context) {
                closed(link);
                context.fireChannelInactive();
              }

              @Override
              public void userEventTriggered(ChannelHandlerContext context, Object event) {
                if (event instanceof ChannelInputShutdownEvent) {
                  link.inputEnded();
                } else {
                  context.fireUserEventTriggered(event);
                }
              }
            });
  }

  /**
   * Vert.x would answer 501, also to a version that is written in another way, and throw where
   * somebody asks for it.
   */
  private static void refuseOtherVersions(HttpRequest request) {
    if (request.method().name().equals("PRI")) {
      // HTTP/2 without asking for it: Vert.x closes the connection.
      return;
    }
    HttpVersion version = request.protocolVersion();
    boolean old = version.equals(HttpVersion.HTTP_1_0);
    request.setProtocolVersion(old ? HttpVersion.HTTP_1_0 : HttpVersion.HTTP_1_1);
    if (!old && !version.equals(HttpVersion.HTTP_1_1)) {
      request.setDecoderResult(
          DecoderResult.failure(new IllegalArgumentException(version + " is not spoken here")));
    }
  }
}
