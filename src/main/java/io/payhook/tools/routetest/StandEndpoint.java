package io.payhook.tools.routetest;

import io.payhook.kit.Json;
import io.payhook.tools.routetest.Stub.Reply;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.Component;
import org.apache.camel.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.PollingConsumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultEndpoint;
import org.apache.camel.support.DefaultProducer;
import org.apache.camel.support.PollingConsumerSupport;
import org.jspecify.annotations.Nullable;

/**
 * In place of an address outside: keeps what is sent to it and answers as the test says; what no
 * test names is refused. Nothing ever comes from it.
 */
final class StandEndpoint extends DefaultEndpoint {
  private final Outside outside;
  private final String remedy;

  /**
   * @param remedy what would be right besides a stub; empty: nothing
   */
  StandEndpoint(String uri, @Nullable Component component, Outside outside, String remedy) {
    super(uri, component);
    this.outside = outside;
    this.remedy = remedy;
  }

  @Override
  public boolean isSingleton() {
    return true;
  }

  @Override
  public boolean isLenientProperties() {
    return true;
  }

  /** Without parameters, which may hold a password. */
  private String address() {
    return getEndpointUri().replaceFirst("\\?.*$", "").replaceFirst("^([^:]+)://", "$1:");
  }

  @Override
  public Producer createProducer() {
    return new DefaultProducer(this) {
      @Override
      public void process(Exchange exchange) {
        send(exchange);
      }
    };
  }

  @Override
  public Consumer createConsumer(Processor processor) {
    return new DefaultConsumer(this, processor) {
      @Override
      protected void doStart() throws Exception {
        super.doStart();
        outside.idle(getRouteId() + " (from " + address() + ")");
      }
    };
  }

  @Override
  public PollingConsumer createPollingConsumer() {
    return new PollingConsumerSupport(this) {
      @Override
      public Exchange receive() {
        Exchange exchange = createExchange(false);
        send(exchange);
        return exchange;
      }

      @Override
      public Exchange receiveNoWait() {
        return receive();
      }

      @Override
      public Exchange receive(long timeout) {
        return receive();
      }
    };
  }

  private void send(Exchange exchange) {
    Message message = exchange.getMessage();
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    message.getHeaders().forEach((name, value) -> headers.put(name, String.valueOf(value)));
    Place place = Place.of(exchange);
    if (place == null) {
      place = Place.current();
    }
    Reply reply =
        outside
            .take(
                new Outgoing("", address(), "", "", headers, bytes(exchange, message.getBody())),
                place == null ? null : place.step())
            .orElse(null);
    if (reply == null) {
      String told = refusal(place, exchange);
      outside.refuse(told);
      throw new IllegalArgumentException(told);
    }
    reply.headers().forEach(message::setHeader);
    if (reply.rows() != null) {
      message.setBody(reply.rows());
    } else if (reply.json() != null) {
      message.setBody(reply.json().toString());
    } else if (reply.body() != null) {
      message.setBody(reply.body());
    }
  }

  /** Whatever a route sends, as somebody can read it. */
  private static byte[] bytes(Exchange exchange, @Nullable Object body) {
    if (body == null) {
      return new byte[0];
    }
    if (body instanceof Map || body instanceof Iterable) {
      return Json.MAPPER.valueToTree(body).toString().getBytes(StandardCharsets.UTF_8);
    }
    byte[] bytes =
        exchange.getContext().getTypeConverter().tryConvertTo(byte[].class, exchange, body);
    return bytes == null ? String.valueOf(body).getBytes(StandardCharsets.UTF_8) : bytes;
  }

  private String refusal(@Nullable Place place, Exchange exchange) {
    String route = place == null ? null : place.route();
    String address = address();
    return (place == null
            ? "a step"
            : "step %s of route %s"
                .formatted(place.step(), route == null ? exchange.getFromRouteId() : route))
        + " goes to "
        + address
        + ", which a test must not reach; "
        + (remedy.isEmpty() ? "" : remedy + ", or ")
        + "name it under 'stubs:', such as '- at: "
        + (place == null ? address : place.step())
        + "', with the 'answer:' it gives";
  }
}
