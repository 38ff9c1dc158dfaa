/** The management port: health, metrics and the JSON API. */
@org.jspecify.annotations.NullMarked
package io.payhook.console;
