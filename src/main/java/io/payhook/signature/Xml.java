package io.payhook.signature;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * XML read as JSON, so that JSON Pointers find their way in it: an element is a member, one that
 * comes again makes an array, one without children is its text. Attributes are left out. Documents
 * with a DTD are refused, so there are no entities to resolve.
 */
final class Xml {
  private static final XMLInputFactory FACTORY = factory();
  private static final int DEEPEST = 200;
  private static final int MOST_ELEMENTS = 100_000;

  private Xml() {}

  private static XMLInputFactory factory() {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setProperty(XMLInputFactory.IS_COALESCING, true);
    return factory;
  }

  static JsonNode parse(byte[] xml) throws Refusal {
    try {
      XMLStreamReader reader = FACTORY.createXMLStreamReader(new ByteArrayInputStream(xml));
      while (reader.next() != XMLStreamConstants.START_ELEMENT) {
        if (reader.getEventType() == XMLStreamConstants.DTD) {
          throw new Refusal("not-xml", "the XML has a DTD");
        }
      }
      ObjectNode root = JsonNodeFactory.instance.objectNode();
      root.set(reader.getLocalName(), element(reader, 0, new int[1]));
      while (reader.hasNext()) {
        reader.next();
      }
      return root;
    } catch (XMLStreamException e) {
      throw new Refusal("not-xml", "the body does not hold XML that can be read");
    }
  }

  private static JsonNode element(XMLStreamReader reader, int depth, int[] count)
      throws XMLStreamException, Refusal {
    if (++count[0] > MOST_ELEMENTS) {
      throw new Refusal("not-xml", "the XML has more than " + MOST_ELEMENTS + " elements");
    }
    if (depth > DEEPEST) {
      throw new Refusal("not-xml", "the XML is nested deeper than " + DEEPEST);
    }
    StringBuilder text = new StringBuilder();
    ObjectNode children = JsonNodeFactory.instance.objectNode();
    while (true) {
      switch (reader.next()) {
        case XMLStreamConstants.START_ELEMENT -> {
          String name = reader.getLocalName();
          JsonNode child = element(reader, depth + 1, count);
          JsonNode before = children.get(name);
          if (before instanceof ArrayNode several) {
            several.add(child);
          } else if (before != null) {
            children.putArray(name).add(before).add(child);
          } else {
            children.set(name, child);
          }
        }
        case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA ->
            text.append(reader.getText());
        case XMLStreamConstants.END_ELEMENT -> {
          return children.isEmpty()
              ? JsonNodeFactory.instance.textNode(text.toString().strip())
              : children;
        }
        case XMLStreamConstants.ENTITY_REFERENCE ->
            throw new Refusal("not-xml", "the XML refers to an entity");
        default -> {}
      }
    }
  }
}
