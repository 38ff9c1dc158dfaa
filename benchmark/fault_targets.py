"""Faults of the far ends: what a CRM and a mail server answer, or do not."""

import os
import re
import time

from fault import fault
from farends import drip, gzip_bomb, huge, keeps_working

ODD = "TX-odd-0000001"


def crm_answers(t, answer, state, words=None):
    """What becomes of one contact about which the CRM answers so; others go on."""
    t.crm.behave = lambda path, body: answer if "TX-odd-" in path else 200
    t.post(ODD)
    t.until(f"the delivery {state}", lambda: t.state(ODD, "crm-contact") == state, 20)
    if words:
        found = t.delivery(ODD, "crm-contact")
        t.expect(found and re.search(words, found[2]), f"the reason does not say {words}: {found and found[2][:160]}")
    time.sleep(1)
    t.crm.serve()


def crm_answers_all(t, answer, seconds=8):
    """The CRM answers so about everybody: nothing may be dead for it, and nothing tried again and again."""
    t.crm.behave = lambda path, body: answer
    time.sleep(seconds)
    tried = int(t.value("select coalesce(max(attempts), 0) from payhook.delivery where route = 'crm-contact'"))
    dead = t.value("select count(*) from payhook.delivery where state = 'dead'")
    t.crm.serve()
    t.expect(dead == "0", f"{dead} deliveries are dead")
    t.expect(tried < 10, f"a delivery was tried {tried} times")


@fault("the CRM answers 400 MB", health="UP")
def crm_huge(t):
    crm_answers(t, huge(), "retrying")


@fault("the CRM answers 500 and 400 MB", health="UP")
def crm_huge_error(t):
    crm_answers(t, huge(500), "retrying")


@fault("the CRM answers 400 kB that unpack to 400 MB", health="UP")
def crm_bomb(t):
    crm_answers(t, gzip_bomb(), "retrying")


@fault("the CRM answers one byte a second", health="UP")
def crm_drips(t):
    crm_answers(t, drip, "retrying")


@fault("the CRM refuses one contact (422)", health="UP")
def crm_refuses(t):
    crm_answers(t, (422, '{"message":"no such country"}'), "dead", "no such country")


@fault("the CRM's token has expired (401) for 8 s", health="UP")
def crm_unauthorised(t):
    crm_answers_all(t, (401, '{"error":"token expired"}'))


@fault("the CRM has moved (302) for 8 s", health="UP")
def crm_redirects(t):
    def moved(handler):
        handler.send_response(302)
        handler.send_header("Location", f"http://127.0.0.1:{t.crm.port}/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    crm_answers_all(t, moved)
    elsewhere = [call for call in t.crm.calls if "elsewhere" in call[2]]
    t.expect(not elsewhere, "the redirect was followed")


@fault("the CRM takes connections and answers nothing for 12 s", health="UP")
def crm_hangs(t):
    crm_answers_all(t, lambda handler: time.sleep(30), seconds=12)


def mail_answers(t, seconds, **answers):
    """The mail server answers certain verbs otherwise for a while."""
    t.mail.behave = lambda verb, argument: answers.get(verb)
    time.sleep(seconds)
    t.mail.serve()
    t.expect(t.value("select count(*) from payhook.delivery where state = 'dead'") == "0", "deliveries are dead")


@fault("the mail server wants a login (530) for 8 s", health="UP")
def smtp_login(t):
    mail_answers(t, 8, MAIL="530 5.7.0 Authentication required")


@fault("the mail server refuses the password (535) for 8 s", health="UP",
       settings={"payhook.mail.username": "shop", "payhook.mail.password": "a-password"})
def smtp_password(t):
    mail_answers(t, 8, MAIL=lambda handler: handler.say("421 4.3.2 closing"), AUTH="535 5.7.8 Authentication credentials invalid")


@fault("the mail server answers one recipient with 250-working for ever", health="UP")
def smtp_drips(t):
    t.mail.behave = lambda verb, argument: keeps_working if verb == "RCPT" and "tx-odd" in argument else None
    t.post(ODD)
    t.until("the delivery is given up", lambda: t.state(ODD, "receipt-email") == "retrying", 15)
    t.mail.serve()


@fault("the mail server answers the text of one e-mail with 250-working for ever", health="UP")
def smtp_drips_at_end(t):
    t.mail.behave = lambda verb, argument: keeps_working if verb == "." and "tx-odd" in argument else None
    t.post(ODD)
    t.until("the delivery is given up", lambda: t.state(ODD, "receipt-email") == "retrying", 15)
    t.mail.serve()


def two_recipients(t):
    file = os.path.join(t.routes, "payments", "payments.camel.yaml")
    with open(file) as f:
        text = f.read()
    customer = 'to: "${variable.event[data][customer][email]}"'
    assert customer in text
    with open(file, "w") as f:
        f.write(text.replace(customer, customer[:-1] + ', office@example.com"'))


@fault("one of two recipients is refused (550)", health="UP", routes=two_recipients)
def smtp_one_refused(t):
    t.mail.behave = lambda verb, argument: "550 5.1.1 no such user" if verb == "RCPT" and "tx-odd" in argument else None
    t.post(ODD)
    t.until("the refused one is named", lambda: "tx-odd-0000001@example.com" in
            (t.delivery(ODD, "receipt-email") or ("", 0, ""))[2], 15)
    t.expect(any(mail[2] == "office@example.com" for mail in t.mail.mails), "the other did not get the e-mail")
    t.mail.serve()


@fault("the mail server is busy (450) about one mailbox, ten e-mails", health="UP")
def smtp_one_busy(t):
    t.mail.behave = lambda verb, argument: "450 4.2.1 mailbox busy" if verb == "RCPT" and "tx-odd" in argument else None
    for n in range(10):
        t.post(f"TX-odd-{n:07d}", email=f"tx-odd-{n}@example.com")
    time.sleep(3)
    transaction = "TX-other-0000001"
    t.post(transaction)
    t.until("another mailbox gets its e-mail", lambda: t.state(transaction, "receipt-email") == "done", 3)
    t.mail.serve()
