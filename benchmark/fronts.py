"""What stands between Payhook and a database: a TCP proxy that can go silent, and PgBouncer."""

import os
import shutil
import socket
import tempfile
import threading

import bench
from bench import Process
from fault import NotPlayed


class Proxy:
    """A TCP proxy; `silent()` makes a black hole of what is open, with no RST and no FIN, and `frozen` of new connections too."""

    def __init__(self, postgres):
        self.target = postgres.port
        self.generation = 0
        self.frozen = False
        self.kept = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def silent(self):
        self.generation += 1

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.kept.append(client)
            if self.frozen:
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self.kept.append(server)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink, self.generation), daemon=True).start()

    def _pump(self, source, sink, generation):
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                return
            if self.generation != generation:
                if not data:
                    return
                continue
            if not data:
                try:
                    sink.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                return
            try:
                sink.sendall(data)
            except OSError:
                return

    def stop(self):
        self.listener.close()
        for one in self.kept:
            one.close()


class PgBouncer:
    """PgBouncer in transaction mode with four connections to the server, so that sessions are shared."""

    def __init__(self, postgres):
        self.program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if not self.program:
            raise NotPlayed("there is no PgBouncer (Debian: apt-get install pgbouncer)")
        self.user = postgres.user
        self.port = bench.free_port()
        self.folder = tempfile.mkdtemp(prefix="pgbouncer-", dir=os.path.dirname(postgres.folder))
        bench.remove_at_exit(self.folder)
        self.settings = os.path.join(self.folder, "pgbouncer.ini")
        with open(self.settings, "w") as f:
            f.write(f"""[databases]
* = host=127.0.0.1 port={postgres.port} user=payhook
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = extra_float_digits
""")
        if self.user:
            for path in (self.folder, self.settings):
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self.process = None
        self.start()

    def start(self):
        self.process = Process("pgbouncer", [self.program, self.settings], cwd=self.folder, user=self.user)
        bench.wait_for_port(self.port, self.process)

    def stop(self):
        self.process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
