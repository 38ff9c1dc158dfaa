"""What the commands in this folder share: processes, Payhook, the load, the sinks and their figures.

Only Python's own library. Everything is started on 127.0.0.1 and ended by process id, also on ctrl-C.
"""

import atexit
import ctypes
import glob
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
WORK = os.path.join(ROOT, "target", "benchmark")
SECRET = "benchmark-secret-5f2d7c"
ROUTES = ("record-payment", "receipt-email", "crm-contact")


class Problem(Exception):
    """Something a person can act on; ends the command with one line."""


def say(text=""):
    print(text, flush=True)


def note(text):
    """Progress, beside the results."""
    print(f"  {time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------------------------
# Processes


_started = []
_folders = []


def _die_with_parent():
    """Linux ends this child when the thread that started it ends in any way, so start from the main one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Process:
    """A program that was started here and is ended here, by its id."""

    def __init__(self, name, command, env=None, cwd=None, user=None, stdin=None, stdout=None, log=None):
        self.name = name
        self.log = log or os.path.join(WORK, "logs", name + ".log")
        os.makedirs(os.path.dirname(self.log), exist_ok=True)
        output = open(self.log, "ab")
        self.popen = subprocess.Popen(
            command,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_die_with_parent,
            **({"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}),
        )
        output.close()
        self.pid = self.popen.pid
        _started.append(self)

    def running(self):
        return self.popen.poll() is None

    def kill(self):
        """As a crash would: kill -9."""
        if self.running():
            os.kill(self.pid, signal.SIGKILL)
        self.popen.wait()

    def freeze(self):
        """Nothing of it runs until `thaw()`: a paused machine, or a very long garbage collection."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.pid, signal.SIGCONT)

    def stop(self, how=signal.SIGTERM, patience=40):
        if self.running():
            os.kill(self.pid, how)
            try:
                self.popen.wait(patience)
            except subprocess.TimeoutExpired:
                note(f"{self.name} did not end within {patience} s of signal {int(how)}; killing process {self.pid}")
                os.kill(self.pid, signal.SIGKILL)
                self.popen.wait()
        return self.popen.returncode

    def tail(self, lines=15):
        with open(self.log, errors="replace") as f:
            return "".join(f.readlines()[-lines:])


@atexit.register
def stop_all():
    for process in reversed(_started):
        try:
            process.stop(process.stop_signal if hasattr(process, "stop_signal") else signal.SIGTERM, 15)
        except (OSError, subprocess.SubprocessError) as e:
            print(f"process {process.pid} ({process.name}): {e}", file=sys.stderr)
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


def remove_at_exit(folder):
    _folders.append(folder)


def main(command):
    """Runs a command, turns what goes wrong into one line and an exit code."""

    def stopped(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stopped)
    try:
        sys.exit(command() or 0)
    except KeyboardInterrupt:
        print("stopped; ending what was started", file=sys.stderr)
        sys.exit(130)
    except Problem as e:
        print(f"{os.path.basename(sys.argv[0])}: {e}", file=sys.stderr)
        sys.exit(1)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not process.running():
            raise Problem(f"{process.name} ended before it listened on port {port}:\n{process.tail()}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise Problem(f"{process.name} does not listen on port {port} after {seconds} s:\n{process.tail()}")


# ---------------------------------------------------------------------------------------------------
# What a process uses


_TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    with open(f"/proc/{pid}/stat") as f:
        text = f.read()
    fields = text[text.rindex(")") + 2:].split()
    return int(fields[1]), sum(int(t) for t in fields[11:15])  # parent, utime + stime + cutime + cstime


def parent(pid):
    return _stat(pid)[0]


def cpu_seconds(pid):
    """CPU time of a process, its living descendants, and those that ended."""
    parents, ticks = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)], ticks[int(entry)] = _stat(entry)
            except (OSError, ValueError):
                pass
    total, pending = 0, [pid]
    while pending:
        one = pending.pop()
        total += ticks.get(one, 0)
        pending.extend(child for child, parent in parents.items() if parent == one)
    return total / _TICK


def memory(pid):
    """Resident MB now, and the most there ever was."""
    values = {}
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            name, _, rest = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                values[name] = int(rest.split()[0]) / 1024
    return values["VmRSS"], values["VmHWM"]


def machine():
    """One line about the machine, for the results."""
    model = ""
    try:
        with open("/proc/cpuinfo") as f:
            model = next((l.split(":", 1)[1].strip() for l in f if l.startswith("model name")), "")
    except OSError:
        pass
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores {model}, {gib:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}"


def fsync_millis(folder):
    """The median time of an 8 kB write and its fdatasync, over space that is there already, as in a write-ahead log."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as f:
        os.write(f.fileno(), b"\0" * 8192 * 200)
        os.fsync(f.fileno())
        for i in range(200):
            start = time.perf_counter()
            os.pwrite(f.fileno(), b"x" * 8192, 8192 * i)
            getattr(os, "fdatasync", os.fsync)(f.fileno())
            times.append(time.perf_counter() - start)
    return sorted(times)[100] * 1000


# ---------------------------------------------------------------------------------------------------
# Programs


def java(home=None):
    home = home or os.environ.get("JAVA_HOME")
    return os.path.join(home, "bin", "java") if home else "java"


def newest_jdk():
    """The home of the newest JDK of this machine, or None for the one on PATH."""
    homes = {}
    for release in glob.glob("/usr/lib/jvm/*/release"):
        with open(release) as f:
            version = re.search(r'JAVA_VERSION="(\d+)', f.read())
        home = os.path.dirname(release)
        if version and os.access(os.path.join(home, "bin", "java"), os.X_OK):
            homes[int(version.group(1))] = home
    return homes[max(homes)] if homes else None


def java_version(home=None):
    done = subprocess.run([java(home), "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "([^"]+)"', done.stderr)
    return found.group(1) if found else "unknown"


def _newer(target, *sources):
    """Whether the target is there and newer than each source."""
    if not os.path.exists(target):
        return False
    made = os.path.getmtime(target)
    for source in sources:
        files = [source] if os.path.isfile(source) else glob.glob(os.path.join(source, "**"), recursive=True)
        if any(os.path.isfile(f) and os.path.getmtime(f) > made for f in files):
            return False
    return True


def build(name, command, cwd):
    note(f"building {name}")
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Problem(f"{name} does not build:\n{done.stdout[-3000:]}")


def tools():
    """Compiles the generator and the sinks; the class path."""
    target = os.path.join(WORK, "tools")
    sources = sorted(glob.glob(os.path.join(HERE, "tools", "*.java")))
    mark = os.path.join(target, "made")
    if not _newer(mark, *sources):
        os.makedirs(target, exist_ok=True)
        javac = os.path.join(os.environ["JAVA_HOME"], "bin", "javac") if os.environ.get("JAVA_HOME") else "javac"
        build("the load generator and the sinks", [javac, "-d", target, *sources], HERE)
        open(mark, "w").close()
    return target


SMALL_JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4", "-Xshare:auto"]


def routes(kind):
    """A routes folder for Payhook: its own intake route and the files of routes/KIND; 'bundled' is what it ships."""
    if kind == "bundled":
        return os.path.join(ROOT, "routes")
    folder = os.path.join(WORK, "routes-" + kind)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, "routes", kind), os.path.join(folder, "payments"))
    shutil.copy(os.path.join(ROOT, "routes", "intake.camel.yaml"), folder)
    return folder


# Three routes that only another node runs, as far as the node under test knows.
SUBSCRIPTIONS = "".join(
    f"insert into payhook.subscriber (route, node, endpoint, type, ordered) "
    f"values ('{route}', 'elsewhere', 'payments', 'payment.success', false);\n" for route in ROUTES)


class Payhook:
    """The service, as a person starts it: the launcher, on a PostgreSQL of the benchmark's."""

    def __init__(self, name, postgres, database, routes, port=None, settings=None, jdk=None, environment=None,
                 data=None):
        self.name = name
        self.port = port or free_port()
        self.management = free_port()
        self.data = os.path.join(WORK, "data", data or name)
        os.makedirs(self.data, exist_ok=True)
        values = {
            "payhook.database.url": f"jdbc:postgresql://127.0.0.1:{postgres.port}/{database}",
            "payhook.database.username": "payhook",
            "payhook.database.password": "payhook",
            "payhook.node": name,
            "camel.server.host": "127.0.0.1",
            "camel.server.port": self.port,
            "camel.management.port": self.management,
            **(settings or {}),
        }
        self.command = [os.path.join(ROOT, "payhook"), "run", "--data", self.data, "--routes", routes]
        for key, value in values.items():
            if value is not None:
                self.command += ["--set", f"{key}={value}"]
        self.env = {"PAYMENTS_WEBHOOK_SECRET": SECRET, **(environment or {})}
        if jdk:
            self.env["JAVA_HOME"] = jdk
        self.process = None

    @staticmethod
    def build():
        """The launcher builds on first use and after a change."""
        build("Payhook, if need be", [os.path.join(ROOT, "payhook"), "--version"], ROOT)

    def start(self, seconds=60, wait=True):
        self.log_from = os.path.getsize(self.process.log) if self.process else None
        self.process = Process(self.name, self.command, env=self.env, cwd=self.data)
        if self.log_from is None:
            self.log_from = 0
        if wait:
            self.ready(seconds)
        return self

    def ready(self, seconds=60):
        end = time.monotonic() + seconds
        while not self.is_ready():
            if not self.process.running():
                raise Problem(f"{self.name} ended at its start:\n{self.process.tail()}")
            if time.monotonic() > end:
                raise Problem(f"{self.name} is not ready after {seconds} s:\n{self.process.tail()}")
            time.sleep(0.1)

    def was_ready(self):
        """Whether it got as far as taking requests since it was last started."""
        with open(self.process.log, "rb") as f:
            f.seek(self.log_from)
            return b"Payhook is ready" in f.read()

    def is_ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.management), 2) as s:
                s.sendall(b"GET /observe/health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                return b" 200 " in s.recv(64)
        except OSError:
            return False

    def stop(self):
        return self.process.stop() if self.process else 0


class Load:
    """The generator, warm from phase to phase."""

    def __init__(self, port, connections=64, run="0"):
        self.process = Process(
            "load", [java(), *SMALL_JVM, "-Xmx768m", "-cp", tools(), "Load", "--port", str(port), "--connections",
                     str(connections), "--secret", SECRET, "--run", run],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._answer()

    def _answer(self):
        line = self.process.popen.stdout.readline()
        if not line:
            raise Problem(f"the load generator ended:\n{self.process.tail()}")
        return json.loads(line)

    def send(self, *words):
        self.process.popen.stdin.write((" ".join(str(w) for w in words) + "\n").encode())
        self.process.popen.stdin.flush()

    def ask(self, *words):
        self.send(*words)
        return self._answer()

    def stop(self):
        if self.process.running():
            self.send("quit")
            self.process.stop()


class Sink:
    """The other side of the e-mails ('smtp') or of the CRM ('http'); logs what it took before it answers."""

    def __init__(self, kind, name=None, port=None):
        self.kind = kind
        self.name = name or kind
        self.port = port or free_port()
        self.record = os.path.join(WORK, "data", self.name + ".record")
        os.makedirs(os.path.dirname(self.record), exist_ok=True)
        if os.path.exists(self.record):
            os.remove(self.record)
        self.process = None

    def start(self, wait=True):
        self.process = Process(self.name, [java(), *SMALL_JVM, "-Xmx96m", "-cp", tools(), "Sinks", self.kind,
                                           str(self.port), self.record])
        if wait:
            wait_for_port(self.port, self.process)
        return self

    def lines(self):
        """Each thing it took: time in µs since 1970, and the fields of its kind."""
        if not os.path.exists(self.record):
            return
        with open(self.record, errors="replace") as f:
            for line in f:
                if line.endswith("\n"):
                    fields = line[:-1].split("\t")
                    yield [int(fields[0]), *fields[1:]]

    def stop(self):
        if self.process:
            self.process.stop()


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))] if ordered else 0


def table(headings, rows):
    """A Markdown table, aligned so that it reads well in a terminal too."""
    cells = [headings, *rows]
    widths = [max(len(str(row[i])) for row in cells) for i in range(len(headings))]
    lines = []
    for n, row in enumerate(cells):
        lines.append("| " + " | ".join(str(c).ljust(w) if i == 0 else str(c).rjust(w)
                                       for i, (c, w) in enumerate(zip(row, widths))) + " |")
        if n == 0:
            lines.append("|" + "|".join(("-" * (w + 2)) if i == 0 else ("-" * (w + 1) + ":")
                                        for i, w in enumerate(widths)) + "|")
    return "\n".join(lines)


def keep_results(name, results):
    folder = os.path.join(WORK, "results")
    os.makedirs(folder, exist_ok=True)
    file = os.path.join(folder, f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json")
    with open(file, "w") as f:
        json.dump(results, f, indent=1)
    note(f"all figures: {file}")
