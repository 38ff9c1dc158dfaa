/** The PostgreSQL that stores everything: embedded in the data folder, or one of your own. */
@NullMarked
package io.payhook.postgres;

import org.jspecify.annotations.NullMarked;
