/** The catalog for Kaoto, the visual editor of Camel's routes. */
@org.jspecify.annotations.NullMarked
package io.payhook.tools.kaoto;
