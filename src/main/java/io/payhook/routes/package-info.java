/** The files of the integration team: loading and reloading them, and what they declare. */
@org.jspecify.annotations.NullMarked
package io.payhook.routes;
