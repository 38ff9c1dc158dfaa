/** Settings, the database and the one class that wires the service together. */
@NullMarked
package io.payhook.service;

import org.jspecify.annotations.NullMarked;
