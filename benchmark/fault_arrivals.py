"""Faults of what comes in: events, requests, connections."""

import collections
import http.client
import json
import os
import re
import socket
import threading
import time

from bench import Load
from fault import fault

WRONG = "X-Echezona-Signature: " + "0" * 64 + "\r\n"


def head(length, more="", endpoint="payments"):
    return (f"POST /webhooks/{endpoint} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{more}"
            f"Content-Length: {length}\r\n\r\n").encode()


def connections(port, count, beginning, seconds):
    """So many connections that each send a beginning and then nothing, for a while."""
    opened = []
    for _ in range(count):
        try:
            one = socket.create_connection(("127.0.0.1", port), 5)
            opened.append(one)
            one.sendall(beginning)
        except OSError:
            pass
    time.sleep(seconds)
    for one in opened:
        one.close()


def meanwhile(t, events, what, *words):
    """Genuine events beside something else, which are all to be answered 200."""
    worker = threading.Thread(target=what, args=words, daemon=True)
    worker.start()
    time.sleep(2)
    refused = [s for s in (t.post(f"TX-beside-{i:07d}", timeout=5) for i in range(events)) if s != 200]
    t.expect(not refused, f"{len(refused)} of {events} genuine events were answered {refused[:1]} meanwhile")
    worker.join()


def body(transaction, more):
    return ('{"event":"payment.success","data":{"transaction_id":"%s","currency":"NGN","status":"success",%s}}'
            % (transaction, more)).encode()


@fault("amount 1e99999999, as a number and as text", health="UP")
def huge_number(t):
    t.post("TX-big-0000001", raw=body("TX-big-0000001", '"amount":1e99999999,"customer":{"email":"ada@example.com","name":"Ada"}'))
    t.post("TX-big-0000002", amount="1e99999999")
    t.post("TX-big-0000003", name=10 ** 4000)
    time.sleep(4)


@fault("U+0000 and a lone surrogate in a name; no e-mail address", health="UP")
def texts(t):
    for n, customer in enumerate((
            r'"email":"ada@example.com","name":"Ada\u0000Obi"', r'"email":"ada@example.com","name":"Ada\ud800"',
            '"name":"Ada Obi"', '"email":"","name":"Ada Obi"', '"email":null,"name":null')):
        t.post("", raw=body(f"TX-text-{n:07d}", '"amount":5000,"customer":{%s}' % customer))
    t.until("their rows", lambda: t.value("select count(*) from effect where transaction_id like 'TX-text-%'") == "5", 15)
    t.until("no mail to nobody", lambda: all(t.state(f"TX-text-{n:07d}", "receipt-email") == "skipped" for n in (2, 3, 4)), 15)
    t.expect(t.value("select count(*) from payhook.delivery where state = 'dead'") == "0", "deliveries are dead")


@fault("the same event again: behind a BOM, 5000.00 for 5000, members in another order", health="UP")
def same_again(t):
    transaction = "TX-same-0000001"
    customer = '"customer":{"email":"ada@example.com","name":"Ada"}'
    answers = [t.post(transaction, raw=raw) for raw in (
        body(transaction, '"amount":5000,' + customer),
        b"\xef\xbb\xbf" + body(transaction, '"amount":5000,' + customer),
        body(transaction, '"amount":5000.00,' + customer),
        body(transaction, customer + ',"amount":5e3'))]
    t.expect(answers == [200] * 4, f"the answers are {answers}")
    kept = t.value(f"select string_agg(state, ' ') from payhook.event where key = 'payment.success:{transaction}'")
    t.expect(kept == "accepted", f"what is kept is {kept}")


@fault("half-sent bodies: 250 connections, 1 MB less one byte each, unsigned", within=15)
def half_sent(t):
    connections(t.node.port, 250, head((1 << 20) - 10) + b"x" * ((1 << 20) - 1000), 3)


@fault("half-sent bodies with a signature header that is wrong", within=15)
def half_sent_signed(t):
    connections(t.node.port, 250, head((1 << 20) - 10, WRONG) + b"x" * ((1 << 20) - 1000), 3)


@fault("slow bodies: 1,100 connections of 100 bytes each", health="UP")
def slow_bodies(t):
    meanwhile(t, 20, connections, t.node.port, 1100, head(5000, WRONG) + b"{" * 100, 8)


def parsed_first(t):
    with open(os.path.join(t.routes, "payments", "meetings.camel.yaml"), "w") as f:
        f.write("""
- beans:
    - name: meetings
      type: io.payhook.Endpoint
      properties:
        provider: zoom
        secrets: "{{env:PAYMENTS_WEBHOOK_SECRET}}"
""")


@fault("60 forged bodies of 1 MB of {}, to a platform whose body is read before it is verified", within=15, routes=parsed_first)
def json_bombs(t):
    bomb = b'{"event":"meeting.ended","payload":[' + b"{}," * 349_000 + b"{}]}"
    signed = f"x-zm-signature: v0={'0' * 64}\r\nx-zm-request-timestamp: {int(time.time())}\r\n"
    connections(t.node.port, 60, head(len(bomb), signed, "meetings") + bomb, 4)


@fault("600 idle connections of one address where 200 may be open", health="UP", settings={"payhook.intake.connections": 200})
def too_many_connections(t):
    meanwhile(t, 20, connections, t.node.port, 600, b"", 5)


@fault("HTTP/2 with prior knowledge, 500 connections", health="UP")
def http2(t):
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
    answers = set()

    def ask():
        for _ in range(500):
            try:
                with socket.create_connection(("127.0.0.1", t.node.port), 5) as one:
                    one.sendall(preface)
                    answers.add(one.recv(12))
            except OSError:
                answers.add(b"")

    meanwhile(t, 10, ask)
    t.expect(all(re.match(rb"HTTP/\S+ [45]|$", a) for a in answers), f"HTTP/2 was answered {answers}")


@fault("a flood of 2,000 bad signatures a second for 8 s", health="UP")
def flood(t):
    load = Load(t.node.port, run="flood")
    try:
        meanwhile(t, 20, load.ask, "open", 8, 2000, "forged")
    finally:
        load.stop()
    t.expect(t.value("select count(*) from payhook.event where key like '%flood%'") == "0", "forged events were kept")


def endpoint(t, name, **properties):
    """One more endpoint, whose events count when the platform's API has confirmed them; the stand-in CRM is that API."""
    with open(os.path.join(t.routes, "payments", name + ".camel.yaml"), "w") as f:
        f.write(f"- beans:\n    - name: {name}\n      type: io.payhook.Endpoint\n      properties:\n")
        for key, value in properties.items():
            f.write(f"        {key.replace('_', '.')}: {json.dumps(value)}\n")


SECRET = "{{env:PAYMENTS_WEBHOOK_SECRET}}"


def asks_the_platform(t):
    endpoint(t, "asked", provider="echezona", secrets=SECRET, confirm_secret=SECRET,
             confirm_url=f"http://127.0.0.1:{t.crm.port}/verify")


def stalls(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 600\r\n\r\n{")
    time.sleep(30)


@fault("the platform's API stalls in its answers about eight events", health="UP", routes=asks_the_platform)
def platform_stalls(t):
    stalling = True

    def verify(request):
        transaction = json.loads(request)["transactionId"]
        if stalling and "TX-stall-" in transaction:
            return stalls
        return 200, json.dumps({"responseCode": "00", "data": {
            "transactionId": transaction, "amount": "5000", "currency": "NGN", "status": "Successful"}})

    t.crm.behave = lambda path, request: verify(request) if path == "/verify" else 200
    for n in range(8):
        t.post(f"TX-stall-{n:07d}", endpoint="asked")
    for n in range(3):
        t.post(f"TX-asked-{n:07d}", endpoint="asked")
    t.until("the others are confirmed", lambda: t.value("""select count(*) from payhook.event
            where key like 'payment.success:TX-asked-%' and state <> 'unconfirmed'""") == "3", 40)
    stalling = False


def nobody_signs(t):
    endpoint(t, "classic", provider="mollie-classic", confirm_secret=SECRET,
             confirm_url=f"http://127.0.0.1:{t.crm.port}/v2/payments/{{/id}}")


@fault("800 unsigned calls in 4 s to an endpoint whose platform does not sign", health="UP", routes=nobody_signs)
def unsigned_flood(t):
    t.crm.behave = lambda path, request: (200, json.dumps({
        "id": path[13:], "status": "paid", "amount": {"value": "10.00", "currency": "EUR"}})) if "/v2/" in path else 200
    answers = collections.Counter()

    def call():
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection = http.client.HTTPConnection("127.0.0.1", t.node.port, timeout=5)
        for n in range(800):
            connection.request("POST", "/webhooks/classic", f"id=tr_{n % 400:07d}", form)
            response = connection.getresponse()
            response.read()
            answers[response.status] += 1
            time.sleep(0.004)

    meanwhile(t, 20, call)
    t.expect(set(answers) <= {200, 429} and answers[429], f"the answers are {dict(answers)}")
