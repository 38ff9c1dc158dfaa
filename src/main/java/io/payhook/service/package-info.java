/** Starts and stops everything: settings, database and the one wiring class. */
@org.jspecify.annotations.NullMarked
package io.payhook.service;
