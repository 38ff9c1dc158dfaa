"""A platform that sends signed events until they are answered 200, and remembers every answer."""

import collections
import hashlib
import hmac
import http.client
import json
import queue
import random
import threading
import time

import bench


class Sender:
    """A platform: sends each event until it is answered 200, some again afterwards, some twice at once, some forged."""

    def __init__(self, ports, rate, seed, threads=12, timeout=15):
        self.ports = ports
        self.gap = 1 / rate
        self.random = random.Random(seed)
        self.timeout = timeout
        self.stopping = False
        self.giving_up = False
        self.number = 0
        self.lock = threading.Lock()
        self.answers = collections.defaultdict(set)   # transaction -> ids it was answered 200 with
        self.forged = set()
        self.faults = []
        self.counts = collections.Counter()
        self.slowest = 0
        self.work = queue.Queue(maxsize=200)
        self.threads = [threading.Thread(target=self._run, args=(random.Random(self.random.random()),), daemon=True)
                        for _ in range(threads)]
        self.feeder = threading.Thread(target=self._feed, daemon=True)

    def start(self):
        for thread in (*self.threads, self.feeder):
            thread.start()

    def _feed(self):
        due = time.monotonic()
        while not self.stopping:
            self.number += 1
            while not self.stopping:     # waits when nobody answers: a platform's queue
                try:
                    self.work.put(self.number, timeout=0.5)
                    break
                except queue.Full:
                    pass
            due = max(due + self.gap, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))

    @staticmethod
    def signed(body, secret=bench.SECRET):
        """A body and the headers that prove it."""
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return body, {"Content-Type": "application/json", "X-Echezona-Signature": signature}

    @staticmethod
    def event(transaction, amount, email, type_="payment.success", name="Ada Obi", secret=bench.SECRET):
        """A payment's event, signed."""
        return Sender.signed(json.dumps({"event": type_, "data": {
            "transaction_id": transaction, "amount": amount, "currency": "NGN", "status": "success",
            "customer": {"email": email, "name": name}}}).encode(), secret)

    @staticmethod
    def request(transaction, number, secret=bench.SECRET):
        return Sender.event(transaction, 1000 + number % 9000, f"customer{number}@example.com", secret=secret)

    def _post(self, connections, port, body, headers):
        """One try: the status and the answer, or None when there was no answer."""
        start = time.monotonic()
        connection = connections.pop(port, None) or http.client.HTTPConnection("127.0.0.1", port, timeout=self.timeout)
        try:
            connection.request("POST", "/webhooks/payments", body, headers)
            response = connection.getresponse()
            text = response.read()
            connections[port] = connection
            with self.lock:
                self.counts[response.status] += 1
                self.slowest = max(self.slowest, time.monotonic() - start)
            return response.status, json.loads(text) if response.status == 200 else text
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            with self.lock:
                self.counts["no answer"] += 1
            return None

    def _until_answered(self, connections, rng, transaction, body, headers):
        wait = 0.02
        while not self.giving_up:
            answer = self._post(connections, rng.choice(self.ports), body, headers)
            if answer and answer[0] == 200:
                self._acknowledged(transaction, answer[1])
                return True
            if answer and answer[0] not in (503, 429):
                with self.lock:
                    self.faults.append(f"{transaction} was answered {answer[0]} {answer[1]!r}")
            time.sleep(wait * rng.uniform(0.5, 1))
            wait = min(1, wait * 2)
        return False

    def _acknowledged(self, transaction, answer):
        with self.lock:
            self.answers[transaction].add(answer.get("id"))
            self.counts[answer.get("status")] += 1

    def _run(self, rng):
        connections = {}
        while not self.giving_up:
            number = self.work.get()
            if number is None:
                return
            transaction = f"TX-crash-{number:07d}"
            body, headers = self.request(transaction, number)
            lot = rng.random()
            if lot < 0.05:
                twin = threading.Thread(target=self._until_answered,
                                        args=({}, random.Random(rng.random()), transaction, body, headers))
                twin.start()
                self._until_answered(connections, rng, transaction, body, headers)
                twin.join()
            elif lot < 0.07:
                forged = f"TX-forged-{number:07d}"
                self.forged.add(forged)
                answer = self._post(connections, rng.choice(self.ports), *self.request(forged, number, "another secret"))
                if answer and answer[0] not in (401, 503, 429):
                    self.faults.append(f"{forged}, badly signed, was answered {answer[0]}")
                self._until_answered(connections, rng, transaction, body, headers)
            else:
                done = self._until_answered(connections, rng, transaction, body, headers)
                if done and lot < 0.22:
                    self._until_answered(connections, rng, transaction, body, headers)

    def stop(self, patience):
        """No new events; what is under way is sent on until it is answered."""
        self.stopping = True
        self.feeder.join()
        end = time.monotonic() + patience
        for _ in self.threads:
            try:
                self.work.put(None, timeout=max(0.1, end - time.monotonic()))
            except queue.Full:
                break
        for thread in self.threads:
            thread.join(max(0, end - time.monotonic()))
        if any(thread.is_alive() for thread in self.threads):
            self.giving_up = True
            self.faults.append(f"some events were not answered 200 within {patience} s after the last restart")
