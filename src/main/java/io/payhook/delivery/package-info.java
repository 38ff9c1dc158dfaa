/**
 * The {@code event:} component and what stands behind it: claiming, running, retrying and
 * completing deliveries.
 */
@org.jspecify.annotations.NullMarked
package io.payhook.delivery;
