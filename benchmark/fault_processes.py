"""Faults of Payhook's own processes: killed, frozen, stopped, and two of one name."""

import os
import shutil
import signal
import threading
import time

from farends import drip
from fault import fault

ODD = "TX-odd-0000001"


@fault("an event whose delivery ends the process, twice")
def poison(t):
    begun = threading.Event()

    def hang(handler):
        begun.set()
        time.sleep(60)

    t.crm.behave = lambda path, body: hang if "TX-odd-" in path else 200
    t.post(ODD)
    for _ in range(2):
        t.expect(begun.wait(40), "the delivery did not begin")
        begun.clear()
        t.node.process.kill()
        t.node.start()
    t.until("dead after the second time", lambda: t.state(ODD, "crm-contact") == "dead", 40)
    t.crm.serve()


@fault("150 events of 1 MB wait for a CRM that hangs; the node starts again", within=60)
def backlog(t):
    t.crm.behave = lambda path, body: (lambda handler: time.sleep(30)) if "TX-large" in path else 200
    for i in range(150):
        t.post(f"TX-large-{i:07d}", name="A" * 1000_000)
    t.node.process.kill()
    t.node.start()
    time.sleep(8)
    t.crm.serve()


@fault("one of two nodes killed with kill -9", health="UP", nodes=2)
def node_killed(t):
    t.nodes[1].process.kill()
    time.sleep(8)
    t.nodes[1].start()


@fault("one of two nodes frozen for two leases", health="UP", nodes=2)
def node_frozen(t):
    t.nodes[1].process.freeze()
    time.sleep(13)
    t.nodes[1].process.thaw()
    time.sleep(3)


@fault("a second process with the name of a node that runs", health="UP")
def same_name(t):
    twin = t.add_node(t.node.name, data=t.node.name + "-twin")
    twin.start(wait=False)
    t.until("the second is refused", lambda: not twin.process.running(), 40)
    t.expect(t.node.name in twin.process.tail(), "the refusal does not name the node")


@fault("SIGTERM to one of two nodes, with a shutdown delay of 3 s", health="UP", nodes=2,
       settings={"payhook.shutdown.delay": "3s"})
def drains(t):
    before = t.sender.counts[503]
    begin = time.monotonic()
    os.kill(t.nodes[1].process.pid, signal.SIGTERM)
    t.until("not ready first", lambda: t.ready(t.nodes[1]) != "UP", 2)
    t.sender.ports.remove(t.nodes[1].port)
    t.until("it ends", lambda: not t.nodes[1].process.running(), 40)
    t.expect(time.monotonic() - begin >= 3, "it ended before the delay was over")
    t.expect(t.sender.counts[503] == before, f"{t.sender.counts[503] - before} requests were answered 503")


@fault("SIGTERM while the CRM drips its answers", settings={"payhook.shutdown.timeout": "4s"})
def stops_in_time(t):
    t.crm.behave = lambda path, body: drip
    time.sleep(2)
    begin = time.monotonic()
    os.kill(t.node.process.pid, signal.SIGTERM)
    t.until("it ends", lambda: not t.node.process.running(), 30)
    took = time.monotonic() - begin
    t.expect(took < 8, f"it ended {took:.0f} s after it was told to, with a shutdown timeout of 4 s")
    t.crm.serve()
    t.node.start()


THANKS = """
- route:
    id: thank-customer
    description: Thanks the customer.
    from:
      uri: event:payments/{pattern}
      steps:
        - to:
            id: thank
            uri: kamelet:crm-sink
            parameters:
              path: "/thanks/${{variable.event[data][transaction_id]}}"
"""


def with_thanks(t, folder, pattern):
    """The routes and one more, which thanks for certain types."""
    if not os.path.exists(folder):
        shutil.copytree(t.routes, folder)
        t.at_end(shutil.rmtree, folder, ignore_errors=True)
    with open(os.path.join(folder, "payments", "thanks.camel.yaml"), "w") as f:
        f.write(THANKS.format(pattern=pattern))
    return folder


def deliveries(t, transaction, type_):
    return t.value(f"""select count(*) from payhook.delivery d join payhook.event e on e.id = d.event_id
                       where e.key = '{type_}:{transaction}' and d.route = 'thank-customer'""")


@fault("a route is narrowed in a rolling restart: the old node's subscription counts no more", health="UP")
def narrowed(t):
    old = t.add_node(t.node.name + "-old", with_thanks(t, t.routes + "-old", "payment.*")).start()
    new = t.add_node(t.node.name + "-new", with_thanks(t, t.routes + "-new", "payment.success")).start()
    old.stop()
    t.post("TX-thanks-0000001", type_="payment.failed")
    t.post("TX-thanks-0000002")
    t.until("who paid is thanked", lambda: t.state("TX-thanks-0000002", "thank-customer") == "done", 15)
    t.expect(deliveries(t, "TX-thanks-0000001", "payment.failed") == "0", "who did not pay is thanked too")
    t.expect(new.process.running(), "the new node ended")


@fault("a node is gone with its route, and is never heard of again", health="UP", settings={"payhook.nodes.silent-after": "15s"})
def gone(t):
    other = t.add_node(t.node.name + "-gone", with_thanks(t, t.routes + "-gone", "payment.success")).start()
    t.until("its route runs", lambda: t.value("select count(*) from payhook.delivery where route = 'thank-customer' and state = 'done'")
            != "0", 15)
    other.process.kill()
    time.sleep(22)
    t.post("TX-thanks-0000001")
    t.expect(deliveries(t, "TX-thanks-0000001", "payment.success") == "0", "events still wait for the route")
    t.sql("delete from payhook.delivery where route = 'thank-customer' and state <> 'done'")
