/** The command line: {@code payhook run} and the other commands. */
@NullMarked
package io.payhook.cli;

import org.jspecify.annotations.NullMarked;
