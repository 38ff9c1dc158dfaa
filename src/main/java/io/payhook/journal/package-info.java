/**
 * The journal: the PostgreSQL tables that hold events and deliveries. Knows JDBC, nothing of Camel.
 */
@org.jspecify.annotations.NullMarked
package io.payhook.journal;
