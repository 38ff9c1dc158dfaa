/** What a person is told of signatures that don't hold; no part of a running service. */
@org.jspecify.annotations.NullMarked
package io.payhook.tools.signing;
