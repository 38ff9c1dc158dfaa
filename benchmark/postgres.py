"""A PostgreSQL of a command's own, and what is asked of it afterwards."""

import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time

import bench
from bench import Problem, Process, note


def _postgres_programs():
    found = shutil.which("initdb")
    folders = [os.path.dirname(os.path.realpath(found))] if found else []
    for pattern in ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin",
                    "/usr/local/opt/postgresql@*/bin"):
        folders += sorted(glob.glob(pattern), key=lambda f: int((re.findall(r"\d+", f) or ["0"])[-1]), reverse=True)
    for folder in folders:
        if all(os.access(os.path.join(folder, p), os.X_OK) for p in ("initdb", "postgres", "psql")):
            return folder
    if os.path.exists("/usr/bin/apt-get") and os.getuid() == 0:
        note("no PostgreSQL here: apt-get install postgresql")
        subprocess.run(["apt-get", "install", "-y", "-q", "postgresql"], stdout=subprocess.DEVNULL,
                       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False)
        folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if folders:
            return folders[-1]
    raise Problem("there is no PostgreSQL server: install one (Debian: apt-get install postgresql) or put initdb on PATH")


def _reachable(folder):
    """Whether any user may enter this folder."""
    while folder != "/":
        if not os.stat(folder).st_mode & 1:
            return False
        folder = os.path.dirname(folder)
    return True


class Postgres:
    """One PostgreSQL of this run's own, fsync on, reached over TCP on 127.0.0.1."""

    def __init__(self, settings=None):
        self.programs = _postgres_programs()
        self.user = None
        if os.getuid() == 0:
            for name in ("postgres", "nobody"):
                try:
                    self.user = pwd.getpwnam(name)
                    break
                except KeyError:
                    pass
        os.makedirs(bench.WORK, exist_ok=True)
        base = bench.WORK if not self.user or _reachable(bench.WORK) else "/var/tmp"
        self.folder = tempfile.mkdtemp(prefix="postgres-", dir=base)
        bench.remove_at_exit(self.folder)
        self.data = os.path.join(self.folder, "data")
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.port = bench.free_port()
        self._as_user([self.program("initdb"), "-D", self.data, "-U", "payhook", "-A", "trust", "-E", "UTF8",
                       "--locale=C", "--no-sync"])
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "shared_buffers": "512MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "logging_collector": "off",
            **(settings or {}),
        }
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            for name, value in options.items():
                f.write(f"{name} = '{value}'\n")
        self.process = None
        self.start()

    def program(self, name):
        return os.path.join(self.programs, name)

    def _as_user(self, command):
        who = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, **who)
        if done.returncode:
            raise Problem(f"{os.path.basename(command[0])} failed:\n{done.stderr}")

    def start(self, seconds=60):
        """Starts the server and waits until it takes connections."""
        end = time.monotonic() + seconds
        while True:
            self.spawn()
            while self.process.running() and time.monotonic() < end:
                if self.answers():
                    return
                time.sleep(0.05)
            if time.monotonic() >= end:
                raise Problem(f"PostgreSQL does not start:\n{self.process.tail()}")
            time.sleep(0.2)  # processes of a killed server still hold its memory

    def spawn(self):
        """Starts the server and waits for nothing."""
        self.process = Process("postgres", [self.program("postgres"), "-D", self.data], cwd=self.folder,
                               user=self.user)
        self.process.stop_signal = signal.SIGINT

    def answers(self):
        return subprocess.run([self.program("psql"), *self.where("postgres"), "-c", "select 1"],
                              capture_output=True, check=False).returncode == 0

    def children(self):
        pids = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    if bench.parent(entry) == self.process.pid:
                        pids.append(int(entry))
                except (OSError, ValueError):
                    pass
        return pids

    def kill(self):
        """kill -9 of the server and every process of it, as when the machine loses its power."""
        pids = self.children()
        self.process.kill()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def stop(self):
        if self.process and self.process.running():
            self.process.stop(signal.SIGINT, 60)

    def where(self, database, port=None):
        return ["-h", "127.0.0.1", "-p", str(port or self.port), "-U", "payhook", "-d", database, "-X", "-q", "-A", "-t",
                "-v", "ON_ERROR_STOP=1"]

    def sql(self, database, text, port=None):
        """Runs SQL; the rows, each a list of texts."""
        done = subprocess.run([self.program("psql"), *self.where(database, port), "-F", "\t"], input=text,
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise Problem(f"SQL on {database} failed: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, database, text):
        return self.sql(database, text)[0][0]

    def configure(self, name, value):
        self.sql("postgres", f"alter system set {name} = '{value}'")
        self.sql("postgres", "select pg_reload_conf()")

    def ask_for_password(self, role):
        """From now on; everybody else needs none."""
        file = os.path.join(self.data, "pg_hba.conf")
        with open(file) as f:
            rest = f.read()
        with open(file, "w") as f:
            f.write(f"host all {role} 127.0.0.1/32 scram-sha-256\n{rest}")
        self.sql("postgres", "select pg_reload_conf()")

    def create(self, database):
        self.sql("postgres", f'create database "{database}"')

    def drop(self, database):
        self.sql("postgres", f'drop database if exists "{database}" with (force)')

    def journal(self, database):
        """Payhook's own tables, for those who do not migrate by themselves."""
        self.sql(database, "create schema payhook;")
        for name in sorted(glob.glob(os.path.join(bench.ROOT, "src/main/resources/db/migration/V*.sql"))):
            with open(name) as f:
                self.sql(database, f.read())

    def jdbc(self, database):
        return f"jdbc:postgresql://127.0.0.1:{self.port}/{database}?user=payhook"

    def url(self, database):
        return f"postgresql://payhook@127.0.0.1:{self.port}/{database}"


STATEMENTS = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_planning": "on",
              "pg_stat_statements.track": "top"}


def statements(postgres, database):
    """The database's dearest statements since the start, where the server was started with STATEMENTS."""
    rows = postgres.sql(database, """
        create extension if not exists pg_stat_statements schema public;
        select calls, plans, round(total_exec_time::numeric), round(total_plan_time::numeric),
               round((total_exec_time / greatest(calls, 1))::numeric, 3), round((rows / greatest(calls, 1)::numeric), 1),
               left(regexp_replace(query, '\\s+', ' ', 'g'), 90)
        from public.pg_stat_statements s join pg_database d on d.oid = s.dbid and d.datname = current_database()
        order by total_exec_time + total_plan_time desc limit 15""")
    return bench.table(["statement", "calls", "planned", "total ms", "planning ms", "ms a call", "rows a call"],
                 [[row[6], *row[:6]] for row in rows])


def compare(postgres, database, saved, deliveries_per_event):
    """Compares the database with what was answered; a list of differences, empty when there is none."""
    found = postgres.sql(database, f"""
        create unlogged table public.answered (tx text primary key, status text, id uuid, at bigint);
        \\copy public.answered from '{saved}'
        analyze public.answered;
        create unlogged table public.kept as
          select convert_from(body, 'UTF8')::json #>> '{{data,transaction_id}}' as tx, id, key, state from payhook.event;
        analyze public.kept;
        select 'acknowledged but not in the journal', count(*) from public.answered a
          where a.status = 'accepted' and not exists (select 1 from public.kept k where k.tx = a.tx);
        select 'in the journal under another id than answered', count(*) from public.answered a join public.kept k using (tx)
          where a.status = 'accepted' and a.id <> k.id;
        select 'in the journal more than once', count(*) from
          (select tx from public.kept group by tx having count(*) > 1) twice;
        select 'in the journal though refused or never sent', count(*) from public.kept k left join public.answered a using (tx)
          where a.tx is null or a.status = 'refused';
        select 'in the journal as a conflict', count(*) from public.kept where state = 'conflict';
        select 'events without their {deliveries_per_event} deliveries', count(*) from
          (select k.id from public.kept k left join payhook.delivery d on d.event_id = k.id
           group by k.id having count(d.route) <> {deliveries_per_event}) other;
        select 'accepted', count(*) from public.answered where status = 'accepted';
        select 'rows', count(*) from public.kept;
        select 'unanswered but kept', count(*) from public.kept k join public.answered a using (tx) where a.status = 'unanswered';
        drop table public.answered; drop table public.kept;
        """)
    numbers = {name: int(count) for name, count in found}
    accepted, rows, unanswered = (numbers.pop(n) for n in ("accepted", "rows", "unanswered but kept"))
    differences = [f"{count} {name}" for name, count in numbers.items() if count]
    if rows != accepted + unanswered:
        differences.append(f"{rows} rows for {accepted} accepted answers")
    return differences, rows
