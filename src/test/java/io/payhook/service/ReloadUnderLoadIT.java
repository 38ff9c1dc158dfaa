package io.payhook.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReloadUnderLoadIT {
  /** The whole proof, with a thousand saves at 500 requests/s, is {@code benchmark/reload}. */
  @Test
  void no_request_is_lost_while_files_are_saved_good_and_broken(@TempDir Path folder)
      throws Exception {
    ReloadUnderLoad.Report report = ReloadUnderLoad.run(folder, 40, 50, 1);
    assertThat(report.failure()).as(report.text()).isEmpty();
  }
}
