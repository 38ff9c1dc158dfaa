/** Payhook: the program and the bean type that route files name. */
@org.jspecify.annotations.NullMarked
package io.payhook;
