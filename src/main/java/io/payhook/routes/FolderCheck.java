package io.payhook.routes;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A check of a routes folder as a whole. A service refuses to start or to reload with what it finds
 * and does not know how it is found: whoever builds the service gives it a {@link Maker}.
 */
public interface FolderCheck {

  /** Makes a check; nothing is read yet. */
  interface Maker {
    /**
     * One for a folder.
     *
     * @param root the routes folder
     * @param placeholders resolves {@code {{…}}} in a text; throws {@link IllegalArgumentException}
     *     for a name nobody set
     * @param names those that placeholders may have, for suggestions
     * @param production whether the start has to be good for something
     */
    FolderCheck of(
        Path root,
        UnaryOperator<String> placeholders,
        Collection<String> names,
        boolean production);
  }

  /** Finds nothing, as for tests that start a service many times. */
  Maker NONE =
      (root, placeholders, names, production) ->
          new FolderCheck() {
            @Override
            public List<Finding> run() {
              return List.of();
            }

            @Override
            public List<Finding> describe(Connection connection) {
              return List.of();
            }
          };

  /** Every mistake found, in the order of files and places. */
  List<Finding> run();

  /**
   * After {@link #run}: what the statements of its routes lack in a database whose tables are those
   * they will run on. Nothing is run there.
   */
  List<Finding> describe(Connection connection) throws SQLException;
}
