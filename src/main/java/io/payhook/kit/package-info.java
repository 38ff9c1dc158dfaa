/** Small helpers that every room may use; they know nothing of Payhook. */
@org.jspecify.annotations.NullMarked
package io.payhook.kit;
