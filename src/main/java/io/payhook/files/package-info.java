/** Reading the files and folders that people edit, mount and move. */
@org.jspecify.annotations.NullMarked
package io.payhook.files;
