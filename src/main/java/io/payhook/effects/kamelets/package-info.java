/**
 * Binds the beans of the bundled kamelets into a context, and checks the parameters that routes
 * pass to them. A kamelet needs nothing from here.
 */
@NullMarked
package io.payhook.effects.kamelets;

import org.jspecify.annotations.NullMarked;
