/**
 * Tests that an integration team writes as YAML beside its routes: read strictly, run against the
 * real service, told like a specification.
 */
@org.jspecify.annotations.NullMarked
package io.payhook.tools.routetest;
