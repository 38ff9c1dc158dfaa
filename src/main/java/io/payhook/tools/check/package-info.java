/** Finding the mistakes in a routes folder, all at once and without starting anything. */
@org.jspecify.annotations.NullMarked
package io.payhook.tools.check;
