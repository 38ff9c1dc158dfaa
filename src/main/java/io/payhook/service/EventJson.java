package io.payhook.service;

import com.fasterxml.jackson.databind.JsonNode;
import io.payhook.intake.ActiveEndpoint;
import io.payhook.intake.Endpoints;
import io.payhook.journal.StoredEvent;
import io.payhook.kit.Json;
import io.payhook.signature.Provider;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The variable {@code event} of routes: the body as maps, lists and values, without floating-point
 * numbers. The fields of a form, or of XML, have the names they have in the provider's settings.
 */
final class EventJson {
  private final Endpoints endpoints;

  EventJson(Endpoints endpoints) {
    this.endpoints = endpoints;
  }

  @Nullable Object parse(StoredEvent event) {
    ActiveEndpoint endpoint = endpoints.get(event.endpoint());
    try {
      for (Provider provider : endpoint == null ? List.<Provider>of() : endpoint.providers()) {
        boolean took = event.provider() == null || event.provider().equals(provider.name());
        if (took && !provider.readsJson()) {
          JsonNode node = provider.read(event.contentType(), event.body());
          return node == null ? null : Json.MAPPER.treeToValue(node, Object.class);
        }
      }
      return Json.MAPPER.readValue(event.body(), Object.class);
    } catch (IOException e) {
      return null;
    }
  }
}
