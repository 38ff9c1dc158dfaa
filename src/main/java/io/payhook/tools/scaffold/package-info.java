/** Writing the first files of an integration. */
@org.jspecify.annotations.NullMarked
package io.payhook.tools.scaffold;
