"""The candidate's page, served on this machine to one browser: question and clock, nothing else.

Bound to 127.0.0.1 on a free port. The link holds a token that works once: the browser that opens it gets a
cookie, and the page answers that browser only. A request that names another host is refused, so that a web page
elsewhere cannot reach it by a name that points here. Over a call, the interviewer shares this window.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from workbook.interview import page
from workbook.interview.view import View

QUIET = 6.0  # seconds without a request after which the page counts as closed
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
FILES = {
    "/": ("text/html", page.HTML),
    "/page.css": ("text/css", page.CSS),
    "/page.js": ("text/javascript", page.JS),
}


class CannotServe(Exception):
    """The page cannot be offered; the text says why and what to do."""


class PairPage:
    """The page. Use as a context manager; `show` sets what is seen. Raises CannotServe."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._view: View | None = None
        self._token = secrets.token_urlsafe(24)
        self._used: set[str] = set()
        self._cookie = ""
        self._seen: float | None = None
        try:
            self._server = _Server(("127.0.0.1", 0), _Handler)
        except OSError as error:
            raise CannotServe(
                f"The candidate's page cannot be offered on 127.0.0.1 ({error.strerror}); use --paper."
            ) from None
        self._server.page = self
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="candidate's page",
            daemon=True,
        )

    def __enter__(self) -> PairPage:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def link(self) -> str:
        """The address to open, once."""
        return f"http://127.0.0.1:{self.port}/join/{self._token}"

    def renew(self) -> str:
        """A new link; the browser that had the page loses it."""
        with self._lock:
            self._token, self._cookie, self._seen = secrets.token_urlsafe(24), "", None
        return self.link

    def show(self, view: View) -> None:
        """What the candidate sees from now on."""
        with self._lock:
            self._view = view

    def status(self) -> str:
        """One sentence for the interviewer."""
        with self._lock:
            joined, seen = bool(self._cookie), self._seen
        if not joined:
            return "The candidate has not opened the page yet."
        if seen is None or self._now() - seen > QUIET:
            return (
                "The candidate's page is closed, asleep or in the background: it has not asked for a while."
            )
        return "The candidate's page is open."

    def join(self, token: str) -> tuple[str, str]:
        """The cookie for a browser that comes with `token`, or "" and the sentence that says why not."""
        with self._lock:
            if any(hmac.compare_digest(token.encode(), used.encode()) for used in self._used):
                return "", page.SECOND_BROWSER
            if not hmac.compare_digest(token.encode(), self._token.encode()):
                return "", page.WRONG_TOKEN
            self._used.add(self._token)
            self._cookie = secrets.token_urlsafe(24)
            return self._cookie, ""

    def knows(self, cookie: str) -> bool:
        """Whether this is the one browser."""
        with self._lock:
            return bool(self._cookie) and hmac.compare_digest(cookie.encode(), self._cookie.encode())

    def state(self) -> str:
        """The view as JSON."""
        with self._lock:
            self._seen = self._now()
            return json.dumps(asdict(self._view) if self._view else {})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    page: PairPage

    def server_bind(self) -> None:
        """Bind without asking the network for the name of 127.0.0.1, as HTTPServer would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle is no news; nothing is printed over the screen."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "interview", ""
    timeout = 10  # seconds a connection may be silent

    def do_GET(self) -> None:
        here, port = self.server.page, self.server.page.port
        if self.headers.get("Host") != f"127.0.0.1:{port}":
            return self._refuse(HTTPStatus.MISDIRECTED_REQUEST, page.WRONG_HOST)
        name = f"interview{port}"
        if self.path.startswith("/join/"):
            if here.knows(self._cookie(name)):
                return self._send(HTTPStatus.SEE_OTHER, "text/plain", "", {"Location": "/"})
            cookie, sentence = here.join(self.path.removeprefix("/join/"))
            if not cookie:
                return self._refuse(HTTPStatus.FORBIDDEN, sentence)
            kept = f"{name}={cookie}; HttpOnly; SameSite=Strict; Path=/"
            return self._send(HTTPStatus.SEE_OTHER, "text/plain", "", {"Location": "/", "Set-Cookie": kept})
        if not here.knows(self._cookie(name)):
            if self.path == "/state":
                return self._send(HTTPStatus.FORBIDDEN, "text/plain", page.NO_COOKIE)
            return self._refuse(HTTPStatus.FORBIDDEN, page.NO_COOKIE)
        if self.path == "/state":
            return self._send(HTTPStatus.OK, "application/json", here.state())
        if self.path in FILES:
            return self._send(HTTPStatus.OK, *FILES[self.path])
        return self._refuse(HTTPStatus.NOT_FOUND, page.NOT_HERE)

    def _other(self) -> None:
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, page.ONLY_GET)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _other  # noqa: N815 (http.server's names)

    def _cookie(self, name: str) -> str:
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(name)
        except CookieError:
            return ""
        return found.value if found else ""

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        self._send(status, "text/html", page.refusal(sentence))

    def _send(self, status: HTTPStatus, kind: str, text: str, more: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {**HEADERS, **(more or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server would answer to a broken request, without its text."""
        self._send(HTTPStatus(code), "text/html", page.refusal(page.ONLY_GET))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed over the interviewer's screen."""
