/** From the HTTP request to the commit: the edge, the signature step, the insert and the answer. */
@org.jspecify.annotations.NullMarked
package io.payhook.intake;
