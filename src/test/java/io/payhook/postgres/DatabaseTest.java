package io.payhook.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.payhook.service.PayhookProcess;
import io.payhook.settings.Settings;
import io.payhook.settings.StartException;
import io.payhook.testing.TestDatabase;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With real servers and real processes. */
@Timeout(120)
@Tag("service")
class DatabaseTest {
  @TempDir static Path shared;
  @TempDir Path temporary;
  private Path data;

  /** Making a database takes longer than copying one that was stopped. */
  @BeforeAll
  static void makeOne() {
    Database.open(TestDatabase.settings(shared.resolve("data"))).close();
  }

  private static void copy(Path from, Path to) throws Exception {
    Process cp =
        new ProcessBuilder("cp", "-a", "--", from.toString(), to.toString()).inheritIO().start();
    assertThat(cp.waitFor()).isZero();
  }

  @BeforeEach
  void takeAFolderWithAnAwkwardName() {
    data = temporary.resolve("a data folder");
  }

  @Test
  void what_is_written_is_there_after_a_restart() throws Exception {
    try (Database database = open()) {
      execute(database.url(), "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7)");
      assertThat(database.isEmbedded()).isTrue();
      assertThat(Files.readString(data.resolve("database.url")).strip()).isEqualTo(database.url());
    }
    assertThat(data.resolve("database.url")).doesNotExist();
    assertThat(serverPid(data)).isNull();
    try (Database database = open()) {
      assertThat(query(database.url(), "SELECT id FROM kept")).isEqualTo("7");
    }
  }

  @Test
  void it_is_durable_private_and_up_to_date() throws Exception {
    try (Database database = open()) {
      for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
        assertThat(query(database.url(), "SHOW " + setting)).as(setting).isEqualTo("on");
      }
      assertThat(query(database.url(), "SHOW listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(query(database.url(), "SHOW unix_socket_directories")).isEmpty();
      assertThat(query(database.url(), "SHOW password_encryption")).isEqualTo("scram-sha-256");
      assertThat(query(database.url(), "SHOW data_checksums")).isEqualTo("on");
      assertThat(Integer.parseInt(query(database.url(), "SHOW server_version_num")))
          .isGreaterThanOrEqualTo(160_000);
    }
  }

  @Test
  void nobody_connects_without_the_password() throws Exception {
    try (Database database = open()) {
      String stranger = database.url().replaceFirst("password=.*", "password=guess");
      assertThatThrownBy(() -> execute(stranger, "SELECT 1")).hasMessageContaining("password");
      for (String file : List.of("database.url", "database.password", "postgres.log")) {
        assertThat(Files.getPosixFilePermissions(data.resolve(file)))
            .as(file)
            .isEqualTo(PosixFilePermissions.fromString("rw-------"));
      }
    }
  }

  @Test
  void a_killed_process_leaves_nothing_that_a_new_start_cannot_take_over() throws Exception {
    long leftover;
    copy(shared.resolve("data"), data);
    try (PayhookProcess killed = PayhookProcess.database(data)) {
      execute(killed.url(), "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7)");
      leftover = serverPid(data);
      killed.kill();
    }
    assertThat(ClusterProcesses.alive(leftover)).isTrue();
    try (Database database = open()) {
      assertThat(query(database.url(), "SELECT id FROM kept")).isEqualTo("7");
      assertThat(ClusterProcesses.alive(leftover)).isFalse();
    }
  }

  @Test
  void a_machine_that_lost_power_comes_back_with_all_that_was_committed() throws Exception {
    long server;
    copy(shared.resolve("data"), data);
    try (PayhookProcess killed = PayhookProcess.database(data)) {
      execute(killed.url(), "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7)");
      server = serverPid(data);
      killed.kill();
      kill(server);
    }
    assertThat(data.resolve("postgres/postmaster.pid")).exists();
    try (Database database = open()) {
      assertThat(query(database.url(), "SELECT id FROM kept")).isEqualTo("7");
    }
  }

  @Test
  void a_recorded_process_number_that_now_is_a_stranger_harms_neither() throws Exception {
    open().close();
    Process stranger = new ProcessBuilder("sleep", "60").start();
    try {
      Files.writeString(
          data.resolve("postgres/postmaster.pid"),
          stranger.pid() + "\n" + data.resolve("postgres") + "\n1\n5432\n\n127.0.0.1\n\nready\n");
      try (Database database = open()) {
        assertThat(query(database.url(), "SELECT 1")).isEqualTo("1");
      }
      assertThat(stranger.isAlive()).isTrue();
    } finally {
      stranger.destroy();
    }
  }

  @Test
  void a_server_that_dies_is_started_again_where_it_was() throws Exception {
    try (Database database = open()) {
      execute(database.url(), "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7)");
      long first = database.embeddedPid();
      kill(first);
      assertThat(eventually(() -> query(database.url(), "SELECT id FROM kept"))).isEqualTo("7");
      assertThat(database.embeddedPid()).isNotEqualTo(first);
      assertThat(eventually(() -> query(database, "SELECT id FROM kept"))).isEqualTo("7");
    }
  }

  @Test
  void two_copies_run_in_two_folders_and_a_second_on_one_is_refused() throws Exception {
    Path second = temporary.resolve("other");
    copy(shared.resolve("data"), second);
    try (Database one = open();
        Database other = Database.open(TestDatabase.settings(second))) {
      assertThat(one.url()).isNotEqualTo(other.url());
      assertThatThrownBy(this::open)
          .isInstanceOf(StartException.class)
          .hasMessage(
              "The data folder "
                  + data
                  + " is in use by another Payhook (this process); stop that one, or give this one its own folder with"
                  + " --data");
      try (PayhookProcess third = PayhookProcess.beginDatabase(data)) {
        assertThat(third.exitCode()).isEqualTo(1);
        assertThat(third.output())
            .singleElement()
            .asString()
            .contains(
                "is in use by another Payhook (process " + ProcessHandle.current().pid() + ")");
      }
      assertThat(query(one.url(), "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void what_a_loss_of_power_empties_is_made_anew() throws Exception {
    open().close();
    for (String left : List.of("", "another one")) {
      Files.writeString(data.resolve("database.password"), left);
      Files.writeString(data.resolve("postgres/postmaster.pid"), left);
      try (Database database = open()) {
        assertThat(query(database.url(), "SELECT 1")).isEqualTo("1");
      }
    }
  }

  @Test
  void damaged_programs_are_unpacked_anew() throws Exception {
    Path whole = PostgresPrograms.in(TestDatabase.programs()).folder();
    Path programs = Files.createDirectory(temporary.resolve("programs"));
    Path folder = programs.resolve(whole.getFileName());
    copy(whole, folder);
    Path server = folder.resolve("bin/postgres");
    Files.writeString(server, "cut off");
    Files.setPosixFilePermissions(server, PosixFilePermissions.fromString("rw-r--r--"));
    PostgresPrograms.delete(folder.resolve("lib"));
    assertThat(PostgresPrograms.in(programs).folder()).isEqualTo(folder);
    assertThat(server).hasSize(Files.size(whole.resolve("bin/postgres"))).isExecutable();
    assertThat(folder.resolve("lib")).isNotEmptyDirectory();
    try (var left = Files.list(programs)) {
      assertThat(left).containsExactly(folder);
    }
  }

  @Test
  void whoever_makes_the_data_folder_first_keeps_it_private() throws Exception {
    try (ScratchDatabase scratch = new ScratchDatabase(TestDatabase.settings(data))) {
      scratch.connect().close();
    }
    for (Path folder : List.of(data, data.resolve("check"))) {
      assertThat(Files.getPosixFilePermissions(folder))
          .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void a_start_that_was_killed_while_the_database_was_made_begins_anew() throws Exception {
    Files.createDirectories(data.resolve("postgres.new/base"));
    Files.writeString(data.resolve("postgres.new/PG_VERSION"), "17\n");
    try (Database database = open()) {
      assertThat(query(database.url(), "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void a_database_of_another_version_is_not_touched() throws Exception {
    Path cluster = Files.createDirectories(data.resolve("postgres"));
    Files.writeString(cluster.resolve("PG_VERSION"), "12\n");
    assertThatThrownBy(this::open)
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith(
            cluster + " was made by PostgreSQL 12, this Payhook brings PostgreSQL 17;");
    assertThat(cluster.resolve("PG_VERSION")).hasContent("12");
  }

  @Test
  void a_damaged_database_is_told_in_one_line() throws Exception {
    open().close();
    Files.delete(data.resolve("postgres/global/pg_control"));
    assertThatThrownBy(this::open)
        .isInstanceOf(StartException.class)
        .hasMessageContaining("pg_control")
        .hasMessageContaining("restore the folder from a backup")
        .message()
        .doesNotContain("\n");
    Files.delete(data.resolve("postgres/PG_VERSION"));
    assertThatThrownBy(this::open).hasMessageContaining("its file PG_VERSION is missing");
  }

  @Test
  void a_folder_that_cannot_be_made_is_told_in_one_line() throws Exception {
    Files.writeString(data, "a file");
    assertThatThrownBy(this::open)
        .isInstanceOf(StartException.class)
        .hasMessage(
            "The folder "
                + data
                + " cannot be made: there is a file of that name; move it away, or name another data folder with --data");
    assertThatThrownBy(() -> Database.open(TestDatabase.settings(Path.of("/proc/nowhere/data"))))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("The data folder /proc/nowhere/data cannot be used");
  }

  @Test
  void as_root_without_namespaces_the_server_runs_as_nobody() throws Exception {
    assumeTrue(Unprivileged.isRoot());
    Unprivileged nobody = Unprivileged.WAYS.get(1);
    // A temporary folder lies in one that only its owner may enter.
    Path folder = Files.createTempDirectory(Path.of("/tmp"), "payhook");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path programs = Files.createDirectory(folder.resolve("programs"));
    Path whole = PostgresPrograms.in(TestDatabase.programs()).folder();
    copy(whole, programs.resolve(whole.getFileName()));
    try {
      // First as root's, so that the files have to change hands.
      EmbeddedPostgres.start(folder, programs).close();
      try (EmbeddedPostgres postgres = EmbeddedPostgres.start(folder, programs, nobody, true)) {
        assertThat(query(postgres.url(), "SELECT 1")).isEqualTo("1");
        assertThat(Files.getAttribute(Path.of("/proc/" + postgres.pid()), "unix:uid"))
            .isEqualTo(65534);
      }
      EmbeddedPostgres.start(folder, programs).close();
    } finally {
      PostgresPrograms.delete(folder);
    }
  }

  @Test
  void a_database_of_ones_own_is_used_as_it_is() throws Exception {
    try (TestDatabase own = TestDatabase.create();
        Database database = Database.open(external(own.url(), "15s"))) {
      assertThat(database.isEmbedded()).isFalse();
      execute(database.url(), "CREATE TABLE kept (id int)");
      assertThat(query(database, "SELECT count(*) FROM kept")).isEqualTo("0");
      assertThat(data.resolve("postgres")).doesNotExist();
    }
  }

  @Test
  void a_database_that_cannot_be_reached_is_given_some_time_and_told_in_one_line()
      throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    String url = "jdbc:postgresql://127.0.0.1:" + port + "/payhook?password=geheim";
    assertThatThrownBy(() -> Database.open(external(url, "500ms")))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("The database at 127.0.0.1:" + port + "/payhook cannot be reached:")
        .message()
        .doesNotContain("geheim")
        .doesNotContain("\n");
  }

  @Test
  void a_database_that_refuses_the_login_is_told_at_once() {
    try (TestDatabase own = TestDatabase.create()) {
      String url = own.url().replaceFirst("password=.*", "password=guess");
      assertThatThrownBy(() -> Database.open(external(url, "1h")))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("refuses: password authentication failed");
    }
  }

  @Test
  void a_new_password_in_its_file_needs_no_restart() throws Exception {
    Path file = Files.writeString(temporary.resolve("password"), "first\n");
    String role = "rotated_" + ProcessHandle.current().pid();
    try (TestDatabase own = TestDatabase.create()) {
      own.update("create role " + role + " login password 'first'");
      try (Database database =
          Database.open(
              Settings.load(
                  new Settings.Arguments(null, null, null, List.of()),
                  Map.of(
                      "PAYHOOK_DATA", data.toString(),
                      "PAYHOOK_DATABASE_URL", own.url().replaceFirst("\\?.*", ""),
                      "PAYHOOK_DATABASE_USERNAME", role,
                      "PAYHOOK_DATABASE_PASSWORD_FILE", file.toString())))) {
        assertThat(query(database, "SELECT current_user")).isEqualTo(role);
        own.update("alter role " + role + " password 'second'");
        own.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = '"
                + role
                + "'");
        Files.writeString(file, "second\n");
        assertThat(eventually(() -> query(database, "SELECT current_user"))).isEqualTo(role);
      } finally {
        own.update("drop role " + role);
      }
    }
  }

  /** One that was stopped before, where there is none yet. */
  private Database open() throws Exception {
    if (!Files.exists(data)) {
      copy(shared.resolve("data"), data);
    }
    return Database.open(TestDatabase.settings(data));
  }

  private Settings external(String url, String patience) {
    return Settings.of(
        Map.of(
            "payhook.data", data.toString(),
            "payhook.database.url", url,
            "payhook.database.patience", patience));
  }

  private static void execute(String url, String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static String query(String url, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url)) {
      return query(connection, sql);
    }
  }

  private static String query(Database database, String sql) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      return query(connection, sql);
    }
  }

  private static String query(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static Long serverPid(Path data) throws IOException {
    Path file = data.resolve("postgres/postmaster.pid");
    return Files.exists(file) ? Long.valueOf(Files.readAllLines(file).get(0).strip()) : null;
  }

  private static void kill(long pid) throws Exception {
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    process.destroyForcibly();
    process.onExit().get(10, TimeUnit.SECONDS);
  }

  private interface Question {
    String ask() throws SQLException;
  }

  /** The answer, as soon as there is one within 20 s. */
  private static String eventually(Question question) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (true) {
      try {
        return question.ask();
      } catch (SQLException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        Thread.onSpinWait();
      }
    }
  }
}
