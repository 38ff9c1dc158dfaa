/** The journal: the PostgreSQL tables that hold events and deliveries. Knows JDBC and no Camel. */
@org.jspecify.annotations.NullMarked
package io.payhook.journal;
