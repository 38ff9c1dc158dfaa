/** The files of the integration team: loading, checking, testing and reloading them. */
@org.jspecify.annotations.NullMarked
package io.payhook.routes;
