package io.payhook.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.payhook.settings.Settings;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeNameTest {
  @TempDir Path folder;

  @Test
  void a_node_keeps_the_name_it_was_given_first() {
    Settings settings = Settings.of(Map.of("payhook.data", folder.toString()));
    String name = NodeName.of(settings);
    assertThat(name).isNotBlank();
    assertThat(NodeName.of(settings)).isEqualTo(name);
    assertThat(NodeName.of(Settings.of(Map.of("payhook.node", "a")))).isEqualTo("a");
  }
}
