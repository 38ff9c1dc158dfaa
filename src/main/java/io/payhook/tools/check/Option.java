package io.payhook.tools.check;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One option of a component's endpoints, or one parameter of a kamelet.
 *
 * @param path whether it is a part of the address, not a parameter
 * @param words what it may be, where that is one of a few words
 * @param prefix what the names of its values begin with, where it takes several
 */
record Option(
    String name,
    String type,
    boolean path,
    boolean required,
    boolean secret,
    List<String> words,
    @Nullable String prefix) {}
