/** The one class that wires the service together, and what it needs to start, reload and stop. */
@NullMarked
package io.payhook.service;

import org.jspecify.annotations.NullMarked;
