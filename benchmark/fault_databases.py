"""Faults of the database: gone, slow, full, locked, shared, and what its owner does to it."""

import os
import signal
import subprocess
import time

import bench
from fault import NotPlayed, fault
from fronts import PgBouncer, Proxy


def goes_down(t):
    """Waits until health has said so; what follows counts as the way back."""
    t.until("health says that nothing can be kept", lambda: t.health["DOWN"], 15)


@fault("open connections to the database go silent, new ones work", health="DOWN", front=Proxy)
def black_hole(t):
    t.front.silent()
    goes_down(t)


def two_hosts(t):
    return {"payhook.database.url": f"jdbc:postgresql://127.0.0.1:{t.front.port},127.0.0.1:{t.postgres.port}/{t.database}"
                                    "?targetServerType=primary"}


@fault("the first host of the database vanishes, the second goes on", health="DOWN", front=Proxy, settings=two_hosts)
def host_vanishes(t):
    t.front.frozen = True
    t.front.silent()
    goes_down(t)


@fault("the database is frozen for 12 s", health="DOWN")
def database_frozen(t):
    pids = [t.postgres.process.pid, *t.postgres.children()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(12)
    for pid in reversed(pids):
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


@fault("the database is killed with kill -9", health="DOWN")
def database_killed(t):
    t.postgres.kill()
    time.sleep(3)
    t.postgres.start()


def terminate(t):
    t.postgres.sql("postgres", f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{t.database}'")


@fault("every connection's process of the database is ended ten times in 10 s")
def backends_ended(t):
    for _ in range(10):
        terminate(t)
        time.sleep(1)


@fault("the database takes no writes for 8 s", health="DOWN")
def read_only(t):
    t.postgres.sql("postgres", f'alter database "{t.database}" set default_transaction_read_only = on')
    terminate(t)
    time.sleep(8)
    t.postgres.sql("postgres", f'alter database "{t.database}" reset default_transaction_read_only')
    terminate(t)


@fault("the synchronous standby is away for 10 s: no commit ends", health="DOWN")
def standby_away(t):
    t.postgres.configure("synchronous_standby_names", "elsewhere")
    time.sleep(10)
    t.postgres.configure("synchronous_standby_names", "")


@fault("the journal's table has a column that this version can't fill, for 8 s", health="DOWN")
def newer_schema(t):
    t.sql("alter table payhook.event add column newer int not null default 0; alter table payhook.event alter newer drop default")
    time.sleep(8)
    t.sql("alter table payhook.event drop column newer")


def hold(t, table, seconds):
    """A session that holds a table for a while."""
    return subprocess.Popen([t.postgres.program("psql"), *t.postgres.where(t.database), "-c",
                             f"begin; lock table {table}; select pg_sleep({seconds}); commit"], stdout=subprocess.DEVNULL)


@fault("a table of one route is locked for 12 s", health="UP")
def locked_table(t):
    holder = hold(t, "effect", 12)
    time.sleep(2)
    t.post("TX-lock-0000001")
    t.until("the e-mail goes meanwhile", lambda: t.state("TX-lock-0000001", "receipt-email") == "done", 8)
    holder.wait()


@fault("the journal's table is locked for 12 s", health="DOWN")
def locked_journal(t):
    hold(t, "payhook.event", 12).wait()


def small_disk(t):
    """The trial's database moves to a file system of its own, of 96 MB."""
    t.disk = os.path.join(t.postgres.folder, "disk")
    name = t.database + "_disk"
    os.makedirs(t.disk)
    owner = t.postgres.user
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=0700" + (f",uid={owner.pw_uid}" if owner else ""),
                              "payhook-benchmark", t.disk], capture_output=True, text=True, check=False)
    if mounted.returncode:
        os.rmdir(t.disk)
        raise NotPlayed("a small file system can be mounted by root only: " + mounted.stderr.strip())
    t.at_end(os.rmdir, t.disk)
    t.at_end(subprocess.run, ["umount", "-l", t.disk], check=False)
    t.postgres.sql("postgres", f"create tablespace {name} location '{t.disk}'")
    t.at_end(t.postgres.sql, "postgres", f"drop tablespace {name}")
    t.postgres.sql("postgres", f'alter database "{t.database}" set tablespace {name}')
    t.at_end(t.postgres.drop, t.database)


@fault("the database's disk is full for 10 s", health="DOWN", prepare=small_disk)
def disk_full(t):
    filler = os.path.join(t.disk, "filler")
    end = time.monotonic() + 10
    with open(filler, "wb", buffering=0) as f:
        while time.monotonic() < end:   # what the database gives back meanwhile is taken too
            try:
                f.write(b"\0" * 65536)
            except OSError:
                time.sleep(0.05)
    os.remove(filler)


# ---------------------------------------------------------------------------------------------------
# Roles and poolers


def migrated(t, user="payhook"):
    """The tables, made by `payhook migrate` as the database's owner at the database's own address."""
    data = os.path.join(bench.WORK, "data", t.database + "-migrate")
    words = ["migrate", "--data", data, "--routes", t.routes]
    for key, value in (("url", f"jdbc:postgresql://127.0.0.1:{t.postgres.port}/{t.database}"), ("username", user),
                       ("password", "payhook")):
        words += ["--set", f"payhook.database.{key}={value}"]
    done = subprocess.run([os.path.join(bench.ROOT, "payhook"), *words], capture_output=True, text=True, check=False,
                          env={**os.environ, "PAYMENTS_WEBHOOK_SECRET": bench.SECRET})
    t.expect(not done.returncode, "payhook migrate: " + (done.stdout + done.stderr)[-500:])


def least_role(t):
    """A role with what docs/production.md grants it, whose password stands in a file."""
    migrated(t)
    t.role = t.database + "_app"
    t.password = os.path.join(bench.WORK, t.role + ".password")
    t.environment["PAYHOOK_DATABASE_PASSWORD_FILE"] = t.password
    t.at_end(os.remove, t.password)
    t.at_end(t.postgres.sql, "postgres", f"drop role {t.role}")
    t.at_end(t.postgres.drop, t.database)
    t.postgres.sql("postgres", f"create role {t.role} login")
    t.postgres.ask_for_password(t.role)
    change_password(t, "the-first")
    write(t.password, "the-first")
    t.sql(f"""
        grant connect on database {t.database} to {t.role};
        grant usage on schema payhook, public to {t.role};
        grant select, insert, update, delete on all tables in schema payhook, public to {t.role};""")


def as_role(t):
    return {"payhook.database.username": t.role, "payhook.database.password": None}


def change_password(t, password):
    t.postgres.sql("postgres", f"alter role {t.role} password '{password}'")


def write(file, text):
    with open(file, "w") as f:
        f.write(text + "\n")


@fault("a role that may read and write the tables and nothing else, after payhook migrate", health="UP",
       prepare=least_role, settings=as_role)
def least_privileges(t):
    time.sleep(5)


@fault("the database's password is changed, the file that has it 8 s later", health="DOWN", prepare=least_role, settings=as_role)
def password_changed(t):
    change_password(t, "the-second")
    terminate(t)
    time.sleep(8)
    t.expect("password" in t.checks(), f"health does not say why: {t.checks()[:300]}")
    write(t.password, "the-second")


@fault("the database takes no connection of Payhook's role for 8 s (53300)", health="DOWN", prepare=least_role, settings=as_role)
def no_connections(t):
    t.postgres.sql("postgres", f"alter role {t.role} connection limit 0")
    terminate(t)
    time.sleep(8)
    t.postgres.sql("postgres", f"alter role {t.role} connection limit -1")


@fault("PgBouncer in transaction mode, killed and started again", front=PgBouncer, prepare=migrated)
def pooled(t):
    time.sleep(5)
    before = t.sender.counts[503]
    t.expect(not before, f"{before} requests were answered 503 before anything was killed")
    t.front.process.kill()
    time.sleep(2)
    t.front.start()
    time.sleep(3)
    others = t.postgres.sql(t.database, "select current_setting('enable_seqscan'), current_setting('search_path')", t.front.port)
    t.expect(others == [["on", '"$user", public']], f"other clients of the pooler find {others}")
    locks = t.value("""select count(*) from pg_locks l join pg_stat_activity a using (pid)
                       where l.locktype = 'advisory' and a.datname = current_database() and a.state = 'idle'""")
    t.expect(locks == "0", f"{locks} advisory locks are held by idle sessions of the server")
