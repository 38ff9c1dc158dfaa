"""One fault on trial: a database, far ends, nodes and a platform that goes on sending, and what became of every event."""

import collections
import contextlib
import http.client
import json
import os
import re
import shutil
import threading
import time

import bench
from bench import Payhook, Problem
from farends import Crm, Mail
from sender import Sender

SETTINGS = {
    "payhook.mail.host": "127.0.0.1", "payhook.mail.security": "none",
    # Short, so that what a dead node held is taken up while this runs.
    "payhook.delivery.lease": "6s", "payhook.delivery.timeout": "5s",
    "payhook.delivery.backoff": "500ms", "payhook.delivery.backoff-max": "2s",
}


RATE = 20   # events a second


class Trial:
    """Runs while it is open; `complaints` is what was not as it must be."""

    number = 0

    def __init__(self, postgres, complaints, settings=None, nodes=1, front=None, routes=None, prepare=None):
        """A fault's needs: settings, as a dict or from the trial; the number of nodes; what stands in front of the database;
        what is done to the routes folder, and what to this trial, before the nodes start."""
        Trial.number += 1
        self.postgres = postgres
        self.complaints = complaints
        self.health = collections.Counter()
        self.watching = False
        self.sender = None
        self.nodes = []
        self.environment = {}
        self._closing = contextlib.ExitStack()
        try:
            self._lay_out(settings, nodes, front, routes, prepare)
        except BaseException:
            self._closing.close()
            raise

    def _lay_out(self, settings, nodes, front, routes, prepare):
        self.database = f"bench_fault_{Trial.number}"
        self.postgres.create(self.database)
        self.at_end(self.postgres.drop, self.database)
        self.crm, self.mail = Crm(), Mail()
        self.at_end(self.crm.stop)
        self.at_end(self.mail.stop)
        self.front = front(self.postgres) if front else None
        if self.front:
            self.at_end(self.front.stop)
        self.routes = os.path.join(bench.WORK, f"fault-routes-{Trial.number}")
        shutil.rmtree(self.routes, ignore_errors=True)
        self.at_end(shutil.rmtree, self.routes, ignore_errors=True)
        shutil.copytree(bench.routes("effects"), self.routes)
        if routes:
            routes(self)
        if prepare:
            prepare(self)
        self.settings = {**SETTINGS, "payhook.mail.port": self.mail.port,
                         "payhook.crm.url": f"http://127.0.0.1:{self.crm.port}",
                         **((settings(self) if callable(settings) else settings) or {})}
        for i in range(nodes):
            self.add_node(f"fault-{Trial.number}-{i + 1}")
        self.node = self.nodes[0]

    def at_end(self, what, *words, **more):
        """What is done when the nodes have ended, the last first."""
        self._closing.callback(what, *words, **more)

    def add_node(self, name, routes=None, data=None):
        """One more node, not yet started, with an empty data folder."""
        shutil.rmtree(os.path.join(bench.WORK, "data", data or name), ignore_errors=True)
        node = Payhook(name, self.front or self.postgres, self.database, routes or self.routes, settings=self.settings,
                       environment=self.environment, data=data)
        self.nodes.append(node)
        return node

    def __enter__(self):
        try:
            for node in self.nodes:
                node.start(wait=False)
            for node in self.nodes:
                node.ready()
        except BaseException:
            self.__exit__()
            raise
        self.sender = Sender([node.port for node in self.nodes], RATE, Trial.number, threads=6)
        self.sender.start()
        self.until("traffic", lambda: len(self.sender.answers) >= 2 * RATE, 30)
        self.watching = True
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *problem):
        self.watching = False
        if self.sender:
            self.sender.giving_up = True
            self.sender.stopping = True
        for node in self.nodes:
            if node.process and node.process.running():
                node.process.kill()
        self._closing.close()

    def _watch(self):
        while self.watching:
            self.health[self.ready()] += 1
            time.sleep(0.25)

    def ready(self, node=None):
        """UP, DOWN, or 'away' when nobody answers."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", (node or self.node).management, timeout=3)
            connection.request("GET", "/observe/health/ready")
            return "UP" if connection.getresponse().status == 200 else "DOWN"
        except (OSError, http.client.HTTPException):
            return "away"

    def checks(self):
        """What each check of the health answer says."""
        connection = http.client.HTTPConnection("127.0.0.1", self.node.management, timeout=3)
        connection.request("GET", "/observe/health")
        return connection.getresponse().read().decode()

    def value(self, sql):
        return self.postgres.value(self.database, sql)

    def sql(self, text):
        self.postgres.sql(self.database, text)

    def expect(self, right, text):
        if not right:
            self.complaints.append(text)

    def until(self, what, condition, seconds):
        """Waits; whether it came about is also a complaint when it did not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return True
            except Problem:
                pass
            time.sleep(0.1)
        self.complaints.append(f"{what}: not within {seconds} s")
        return False

    def post(self, transaction, amount=5000, email=None, headers=None, raw=None, endpoint="payments", type_="payment.success",
             timeout=15, name="Ada Obi"):
        """One signed event; the status that was answered, or None."""
        body, signed = Sender.event(transaction, amount, email or f"{transaction.lower()}@example.com", type_, name) \
            if raw is None else Sender.signed(raw)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=timeout)
            connection.request("POST", f"/webhooks/{endpoint}", body, {**signed, **(headers or {})})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None

    def delivery(self, transaction, route):
        """(state, attempts, the last failure's words) of one delivery, or None."""
        rows = self.postgres.sql(self.database, f"""
            select d.state, d.attempts, regexp_replace(coalesce(d.error, ''), '\\s+', ' ', 'g')
            from payhook.delivery d join payhook.event e on e.id = d.event_id
            where d.route = '{route}' and e.key = 'payment.success:{transaction}'""")
        return (rows[0][0], int(rows[0][1]), rows[0][2] if len(rows[0]) > 2 else "") if rows else None

    def state(self, transaction, route):
        return (self.delivery(transaction, route) or ("",))[0]

    def well(self, seconds=60):
        """Seconds until the service is ready, and an event that comes now is answered 200 and delivered whole."""
        begin = time.monotonic()
        n = 0
        while time.monotonic() < begin + seconds:
            n += 1
            transaction = f"TX-probe-{Trial.number:03d}{n:04d}"
            if self.ready() == "UP" and self.post(transaction, timeout=3) == 200:
                end = time.monotonic() + 5
                while time.monotonic() < end:
                    whole = self.value(f"""select count(*) >= 3 and bool_and(d.state = 'done')
                        from payhook.delivery d join payhook.event e on e.id = d.event_id
                        where e.key = 'payment.success:{transaction}'""")
                    if whole == "t":
                        return time.monotonic() - begin
                    time.sleep(0.1)
            time.sleep(0.2)
        self.complaints.append(f"not all was well {seconds} s after the fault")
        return float("inf")

    def finish(self, seconds=90):
        """Ends the traffic, waits for quiet; (events acknowledged, lost, effects doubled)."""
        self.watching = False
        self.sender.stop(30)
        self.complaints += self.sender.faults[:3]
        pending = "select count(*) from payhook.delivery where state in ('pending', 'running', 'retrying')"
        self.until("quiet", lambda: self.value(pending) == "0", seconds)
        rows = self.postgres.sql(self.database, """
            select substr(key, 17), count(*) from payhook.event where key like 'payment.success:TX-%' group by 1""")
        kept = {row[0]: int(row[1]) for row in rows}
        lost = [t for t in self.sender.answers if t not in kept]
        doubled = [t for t, n in kept.items() if n > 1]
        doubled += [row[0] for row in self.postgres.sql(self.database, "select transaction_id from effect where times > 1")]
        for taken, key, where in ((self.mail.mails, 1, 3), (self.crm.calls, 3, 2)):
            keys = collections.defaultdict(set)
            for one in taken:
                if re.search(r"TX-[a-z]+-\d{7}", one[where]):
                    keys[one[where]].add(one[key])
            doubled += [t for t, k in keys.items() if len(k) > 1]
        dead = self.postgres.sql(self.database, """
            select e.key, d.route from payhook.delivery d join payhook.event e on e.id = d.event_id
            where d.state = 'dead' and e.key like 'payment.success:TX-crash-%'""")
        self.expect(not dead, f"{len(dead)} deliveries of good events are dead, as {' '.join(dead[0]) if dead else ''}")
        effects = int(self.value("select count(*) from effect where transaction_id like 'TX-crash-%'"))
        crash = len([t for t in kept if t.startswith("TX-crash-")])
        self.expect(effects == crash, f"{crash} good events have {effects} database effects")
        return len(self.sender.answers), lost, doubled
