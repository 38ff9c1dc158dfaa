"""Far ends that misbehave on purpose: a CRM and a mail server.

They run in this process, on 127.0.0.1, and keep what they took: each e-mail as [time, Message-ID, recipients, subject],
each call as [time, method, path, Idempotency-Key].
"""

import gzip
import http.server
import re
import socketserver
import threading
import time


class FarEnd:
    """A server on a free port, one thread a connection; what is broken off is nobody's error."""

    def __init__(self, server, handler):
        class Server(server):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 100

            def handle_error(self, request, address):
                pass

        self._server = Server(("127.0.0.1", 0), handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class Crm(FarEnd):
    """Answers 200 {} unless `behave(path, body)` says otherwise: a status, (status, body), or a function of the request
    handler. `serve()` ends what was said otherwise."""

    def __init__(self):
        self.calls = []
        self.serve()
        crm = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                crm.calls.append([time.time(), self.command, self.path, self.headers.get("Idempotency-Key", "")])
                answer = crm.behave(self.path, body)
                try:
                    if callable(answer):
                        answer(self)
                        return
                    status, body = answer if isinstance(answer, tuple) else (answer, "{}")
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body.encode())))
                    self.end_headers()
                    self.wfile.write(body.encode())
                except OSError:
                    self.close_connection = True

            do_PUT = do_PATCH = do_GET = do_POST

            def log_message(self, *words):
                pass

        super().__init__(http.server.ThreadingHTTPServer, Handler)

    def serve(self):
        self.behave = lambda path, body: 200


def huge(status=200, megabytes=400):
    """An answer that does not fit the memory."""
    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(megabytes << 20))
        handler.end_headers()
        block = b"x" * (1 << 20)
        for _ in range(megabytes):
            handler.wfile.write(block)
    return answer


def gzip_bomb(megabytes=400):
    """A small answer that becomes a large one."""
    bomb = gzip.compress(b"\0" * (megabytes << 20), 9)

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(bomb)))
        handler.end_headers()
        handler.wfile.write(bomb)
    return answer


def drip(handler):
    """An answer of one byte a second, for ten minutes."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "600")
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(1)


class Mail(FarEnd):
    """Takes every e-mail unless `behave(verb, argument)` gives other words: a reply, or a function of the handler. The verb
    of an e-mail whose text is there whole is '.', its argument the recipients."""

    def __init__(self):
        self.mails = []
        self.serve()
        mail = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                try:
                    self.talk()
                except (OSError, ValueError):
                    pass

            def say(self, text):
                self.wfile.write((text + "\r\n").encode())
                self.wfile.flush()

            def talk(self):
                recipients = []
                self.say("220 mail.example.com ESMTP")
                while True:
                    line = self.rfile.readline(4096).decode("utf-8", "replace").rstrip("\r\n")
                    if not line:
                        return
                    verb, argument = line[:4].upper(), line[5:]
                    other = mail.behave(verb, argument)
                    if callable(other):
                        other(self)
                        return
                    if other:
                        self.say(other)
                    elif verb == "EHLO":
                        self.say("250-mail.example.com\r\n250-8BITMIME\r\n250-AUTH PLAIN\r\n250 SMTPUTF8")
                    elif verb == "AUTH":
                        self.say("235 2.7.0 welcome")
                    elif verb == "RCPT":
                        recipients.append(re.sub(r".*<([^>]*)>.*", r"\1", argument))
                        self.say("250 ok")
                    elif verb == "DATA":
                        self.say("354 go on")
                        text = self.text()
                        other = mail.behave(".", " ".join(recipients))
                        if callable(other):
                            other(self)
                            return
                        mail.mails.append([time.time(), field(text, "Message-ID"), " ".join(recipients),
                                           field(text, "Subject")])
                        recipients = []
                        self.say("250 taken")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        if verb == "RSET":
                            recipients = []
                        self.say("250 ok")

            def text(self):
                lines = []
                while True:
                    line = self.rfile.readline(65536)
                    if line in (b".\r\n", b""):
                        return b"".join(lines).decode("utf-8", "replace")
                    lines.append(line)

        super().__init__(socketserver.ThreadingTCPServer, Handler)

    def serve(self):
        self.behave = lambda verb, argument: None


def field(text, name):
    """A header's value, folded lines joined."""
    found = re.search(rf"^{name}:\s*((?:.*\r?\n[ \t])*.*)", text, re.MULTILINE | re.IGNORECASE)
    return re.sub(r"\r?\n[ \t]", " ", found.group(1)).strip() if found else ""


def keeps_working(handler):
    """A reply whose last line never comes."""
    for _ in range(300):
        handler.say("250-working")
        time.sleep(2)
