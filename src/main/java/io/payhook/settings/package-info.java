/** The settings with their sources, secrets and placeholders, and the data folder. */
@NullMarked
package io.payhook.settings;

import org.jspecify.annotations.NullMarked;
