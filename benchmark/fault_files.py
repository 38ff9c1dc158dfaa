"""Faults of the routes folder: what deploys, editors and mounts do to it while Payhook runs."""

import os
import shutil
import time

from fault import fault


def nothing_missed(t):
    t.expect(t.value("select count(*) from payhook.event where state = 'unrouted'") == "0", "events were kept as unrouted")
    t.expect(t.sender.counts[404] == 0, f"{t.sender.counts[404]} requests were answered 404")


def away(t, seconds):
    """The integration's folder is removed as a deploy does it, and copied back."""
    source, beside = os.path.join(t.routes, "payments"), t.routes + "-beside"
    shutil.copytree(source, beside)
    shutil.rmtree(source)
    time.sleep(seconds)
    shutil.copytree(beside, source)
    shutil.rmtree(beside)
    time.sleep(3)
    nothing_missed(t)


@fault("the integration's folder is removed and copied back a second later", health="UP")
def folder_replaced(t):
    away(t, 1)


@fault("the integration's folder is gone for 10 s")
def folder_gone(t):
    away(t, 10)
    t.expect(t.sender.counts[503], "the endpoint was never closed")


@fault("the statement's file is half written for 1 s", health="UP")
def half_written(t):
    file = os.path.join(t.routes, "payments", "sql", "count-payment.sql")
    with open(file) as f:
        text = f.read()
    with open(file, "w") as f:
        f.write(text[:text.index("event_id") + 2])
    time.sleep(1)
    with open(file, "w") as f:
        f.write("-- saved again\n" + text)
    time.sleep(2)


def switch(link, target):
    """Links are replaced in one step, as deploys and Kubernetes do it."""
    os.symlink(target, link + "_tmp")
    os.replace(link + "_tmp", link)


def version_of(t):
    return t.value("select count(*) from effect where amount < 0")


def marked(folder):
    """A new version of the routes, which shows in what it does: its amounts are negative."""
    file = os.path.join(folder, "sql", "count-payment.sql")
    with open(file) as f:
        text = f.read()
    with open(file, "w") as f:
        f.write(text.replace(":event.data.amount)", "-1.0 * :event.data.amount)"))


def configmap(t):
    """The layout of a Kubernetes ConfigMap volume, on a file system that has a lost+found."""
    integration = os.path.join(t.routes, "payments")
    hidden = os.path.join(integration, "..2026_11_25")
    names = os.listdir(integration)
    os.makedirs(hidden)
    for name in names:
        shutil.move(os.path.join(integration, name), os.path.join(hidden, name))
        os.symlink(os.path.join("..data", name), os.path.join(integration, name))
    os.symlink("..2026_11_25", os.path.join(integration, "..data"))
    os.makedirs(os.path.join(t.routes, "lost+found"), mode=0o700)


def taken_over(t):
    t.until("the new version runs", lambda: version_of(t) != "0", 10)
    nothing_missed(t)


@fault("routes mounted as a ConfigMap, beside lost+found; a new version is swapped in", health="UP", routes=configmap)
def mounted(t):
    integration = os.path.join(t.routes, "payments")
    shutil.copytree(os.path.join(integration, "..2026_11_25"), os.path.join(integration, "..2026_11_26"))
    marked(os.path.join(integration, "..2026_11_26"))
    switch(os.path.join(integration, "..data"), "..2026_11_26")
    taken_over(t)


def releases(t):
    """The routes folder is a link to a release."""
    first = t.routes + "-1"
    shutil.move(t.routes, first)
    os.symlink(first, t.routes)
    t.at_end(lambda: os.path.islink(t.routes) and os.remove(t.routes))
    for number in (1, 2):
        t.at_end(shutil.rmtree, f"{t.routes}-{number}", ignore_errors=True)


@fault("the routes folder is a link, which is switched to the next release", health="UP", routes=releases)
def link_switched(t):
    second = t.routes + "-2"
    shutil.copytree(t.routes + "-1", second)
    marked(os.path.join(second, "payments"))
    switch(t.routes, second)
    taken_over(t)


def same_last_name(t):
    """Two integrations in folders of the same last name, each with a table of its own."""
    for place in ("eu", "us"):
        folder = os.path.join(t.routes, place, "shop")
        os.makedirs(os.path.join(folder, "sql", "schema"))
        with open(os.path.join(folder, "sql", "schema", "V001__orders.sql"), "w") as f:
            f.write(f"create table {place}_order (transaction_id text primary key);\n")
        with open(os.path.join(folder, "sql", "keep.sql"), "w") as f:
            f.write(f"insert into {place}_order values (:event.data.transaction_id)\n")
        with open(os.path.join(folder, "shop.camel.yaml"), "w") as f:
            f.write(f"""
- route:
    id: keep-{place}
    description: Keeps the order.
    from:
      uri: event:payments/payment.success
      parameters:
        transacted: true
      steps:
        - to:
            id: keep
            uri: kamelet:database-sink
            parameters:
              statement: sql/keep.sql
""")


@fault("two integrations in folders of one last name, each with a table", health="UP", routes=same_last_name)
def same_name_twice(t):
    t.post("TX-both-0000001")
    for place in ("eu", "us"):
        t.until(f"keep-{place}", lambda: t.state("TX-both-0000001", "keep-" + place) == "done", 10)
