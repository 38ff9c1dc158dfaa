package io.payhook.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TreeTest {
  @TempDir Path folder;

  private void write(String name) throws IOException {
    write(name, name);
  }

  private void write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private void link(String name, String target) throws IOException {
    Path link = folder.resolve(name);
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, Path.of(target));
  }

  private List<String> files(String root) {
    Path from = folder.resolve(root);
    return Tree.of(from).files().stream().map(file -> from.relativize(file).toString()).toList();
  }

  @Test
  void files_and_folders_whose_names_begin_with_a_dot_are_left_out_at_any_depth()
      throws IOException {
    write("routes/a.camel.yaml");
    write("routes/.a.camel.yaml.swp");
    write("routes/.git/worktree/a.camel.yaml");
    write("routes/shop/.history/b.camel.yaml");
    write("routes/shop/b.camel.yaml");
    assertThat(files("routes")).containsExactly("a.camel.yaml", "shop/b.camel.yaml");
  }

  @Test
  void a_folder_below_one_that_begins_with_a_dot_is_looked_at_when_it_is_named_itself()
      throws IOException {
    write(".config/routes/a.camel.yaml");
    assertThat(files(".config/routes")).containsExactly("a.camel.yaml");
    write(".routes/a.camel.yaml");
    assertThat(files(".routes")).containsExactly("a.camel.yaml");
  }

  @Test
  void links_are_followed_whether_they_are_the_root_a_folder_or_a_file() throws IOException {
    write("team/payments/sql/x.sql");
    write("one.camel.yaml");
    Files.createDirectories(folder.resolve("routes"));
    link("routes/payments", "../team/payments");
    link("routes/one.camel.yaml", "../one.camel.yaml");
    link("current", "routes");
    assertThat(files("current")).containsExactly("one.camel.yaml", "payments/sql/x.sql");
  }

  @Test
  void a_link_that_leads_back_is_told_and_does_not_go_round() throws IOException {
    write("routes/shop/a.camel.yaml");
    link("routes/shop/again", "..");
    Tree tree = Tree.of(folder.resolve("routes"));
    assertThat(tree.files()).containsExactly(folder.resolve("routes/shop/a.camel.yaml"));
    assertThat(tree.troubles())
        .singleElement()
        .asString()
        .endsWith(
            "routes/shop/again: the link leads back to a folder that it is in; remove it, or let it lead elsewhere");
  }

  @Test
  void a_link_that_leads_nowhere_is_told_unless_its_name_begins_with_a_dot() throws IOException {
    write("routes/a.camel.yaml");
    link("routes/.#a.camel.yaml", "ada@host.123:456");
    link("routes/shop", "/gone/shop");
    assertThat(Tree.of(folder.resolve("routes")).troubles())
        .singleElement()
        .asString()
        .endsWith(
            "shop: the link leads to /gone/shop, which is not there; make that, or remove the link");
  }

  @Test
  void a_switch_of_the_folder_behind_a_link_is_a_change_even_of_equal_files() throws IOException {
    write("releases/1/a.camel.yaml", "one");
    write("releases/2/a.camel.yaml", "one");
    link("current", "releases/1");
    Tree before = Tree.of(folder.resolve("current"));
    assertThat(Tree.of(folder.resolve("current"))).isEqualTo(before);
    Files.delete(folder.resolve("current"));
    link("current", "releases/2");
    Tree after = Tree.of(folder.resolve("current"));
    assertThat(after.files()).isEqualTo(before.files());
    assertThat(after).isNotEqualTo(before);
  }

  @Test
  void a_change_in_what_nobody_reads_is_none() throws IOException {
    write("routes/a.camel.yaml");
    Tree before = Tree.of(folder.resolve("routes"));
    write("routes/.git/index");
    write("routes/.a.camel.yaml.swp");
    assertThat(Tree.of(folder.resolve("routes"))).isEqualTo(before);
  }

  @Test
  void a_folder_that_is_not_there_has_nothing() {
    assertThat(Tree.of(folder.resolve("nowhere")).files()).isEmpty();
    assertThat(Tree.files(folder.resolve("nowhere"), ".sql")).isEmpty();
  }

  @Test
  void the_files_right_in_a_folder_are_those_of_no_folder_in_it() throws IOException {
    write("sql/a.sql");
    write("sql/.b.sql");
    write("sql/c.sql~");
    write("sql/schema/V001__a.sql");
    assertThat(Tree.files(folder.resolve("sql"), ".sql"))
        .containsExactly(folder.resolve("sql/a.sql"));
  }
}
