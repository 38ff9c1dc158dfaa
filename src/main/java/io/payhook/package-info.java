/** Payhook: receives the webhooks of payment platforms and finishes the work they start. */
@NullMarked
package io.payhook;

import org.jspecify.annotations.NullMarked;
