/**
 * The kamelet {@code database-sink}: SQL files whose parameters are values of the event.
 *
 * <p>The kamelet needs {@link io.payhook.effects.sql.DatabaseSink}, its first step, {@link
 * io.payhook.effects.sql.SqlStatements} (bean {@code payhookStatements}), which binds the
 * parameters, and {@link io.payhook.effects.sql.UndescribedConnections} (bean {@code
 * payhookConnections}), which saves a round trip for each statement.
 */
@NullMarked
package io.payhook.effects.sql;

import org.jspecify.annotations.NullMarked;
