/**
 * From the HTTP request to the commit: the edge, the signature step, the idempotent repository and
 * the reply.
 */
@org.jspecify.annotations.NullMarked
package io.payhook.intake;
