"""The candidate's page: one browser, question and clock, and not a word of an answer."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.interview.bench import BANK, play, setup
from workbook.interview import page as texts
from workbook.interview.bank import Item, read_bank
from workbook.interview.checklist import follow_up_text
from workbook.interview.desk import Desk
from workbook.interview.kata_questions import after_kata
from workbook.interview.log import Running, open_sessions
from workbook.interview.pair import HEADERS, QUIET, PairPage
from workbook.interview.paper import sheet, write_sheet
from workbook.interview.session import begin
from workbook.interview.state import Phase, Setup, State
from workbook.interview.view import candidate_view
from workbook.places import notebooks

Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def page() -> Iterator[PairPage]:
    with PairPage() as one:
        one.show(candidate_view(begin(setup())))
        yield one


def ask(
    page: PairPage, path: str = "/", cookie: str = "", host: str = "", method: str = "GET", body: str = ""
) -> Answer:
    """Status, headers and body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host or f"127.0.0.1:{page.port}")
        if cookie:
            connection.putheader("Cookie", cookie)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode() or None)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read().decode()
    finally:
        connection.close()


def join(page: PairPage) -> str:
    """The cookie of the browser that opens the link."""
    status, headers, _ = ask(page, page.link.removeprefix(f"http://127.0.0.1:{page.port}"))
    assert (status, headers["Location"]) == (303, "/")
    assert headers["Set-Cookie"].endswith("; HttpOnly; SameSite=Strict; Path=/")
    return headers["Set-Cookie"].partition(";")[0]


def test_it_listens_on_this_machine_only_and_on_a_free_port(page: PairPage) -> None:
    assert page._server.server_address[0] == "127.0.0.1"
    with PairPage() as other:
        assert other.port != page.port


def test_the_browser_that_opens_the_link_sees_question_and_clock(page: PairPage) -> None:
    cookie = join(page)
    for path, kind in [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")]:
        status, headers, body = ask(page, path, cookie)
        assert (status, headers["Content-Type"]) == (200, f"{kind}; charset=utf-8")
        assert body
    state = next(state for state, _ in play(begin(setup(mode="pair"))) if state.phase is Phase.ASK)
    page.show(candidate_view(state))
    status, headers, body = ask(page, "/state", cookie)
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    view = json.loads(body)
    assert view == {
        "title": "Question 1",
        "question": state.item.question,
        "seconds": 0,
        "minutes": state.item.minutes,
        "left": 45 * 60,
        "paused": False,
        "done": False,
    }


def test_a_second_browser_is_told_so_and_the_first_one_goes_on(page: PairPage) -> None:
    link = page.link.removeprefix(f"http://127.0.0.1:{page.port}")
    cookie = join(page)
    status, headers, body = ask(page, link)
    assert status == 403
    assert texts.SECOND_BROWSER in body
    assert "Set-Cookie" not in headers
    assert ask(page, "/", cookie)[0] == 200
    assert ask(page, link, cookie)[0] == 303  # the first browser may open its link again


def test_a_wrong_token_is_told_so(page: PairPage) -> None:
    for token in ("", "x", page.link.rpartition("/")[2][:-1], "%00", "%ff", "a/b"):
        status, _, body = ask(page, f"/join/{token}")
        assert status == 403
        assert texts.WRONG_TOKEN in body


def test_without_the_cookie_nothing_is_shown(page: PairPage) -> None:
    join(page)
    for cookie in ("", f"interview{page.port}=", f"interview{page.port}=guess", "a=b; ;;=", "\x7f"):
        for path in ("/", "/state", "/page.js", "/page.css", "/else"):
            status, _, body = ask(page, path, cookie)
            assert status == 403
            assert texts.NO_COOKIE.split(";")[0].split("'")[0] in body


def test_another_host_is_refused_so_that_no_web_page_can_point_a_name_here(page: PairPage) -> None:
    cookie = join(page)
    for host in (
        "evil.example",
        f"localhost:{page.port}",
        "127.0.0.1",
        f"127.0.0.1:{page.port}.evil.example",
    ):
        status, _, body = ask(page, "/state", cookie, host)
        assert status == 421
        assert texts.WRONG_HOST in body


def test_every_answer_carries_the_headers_that_keep_it_to_itself(page: PairPage) -> None:
    cookie = join(page)
    for answer in (
        ask(page, "/", cookie),
        ask(page, "/state", cookie),
        ask(page, "/nowhere", cookie),
        ask(page, "/"),
        ask(page, "/join/wrong"),
        ask(page, "/", host="evil.example"),
        ask(page, "/", cookie, method="POST", body="x"),
    ):
        for name, value in HEADERS.items():
            assert answer[1][name] == value
    assert HEADERS["Referrer-Policy"] == "no-referrer"
    assert HEADERS["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW"])
def test_the_page_can_only_be_looked_at(page: PairPage, method: str) -> None:
    status, _, _ = ask(page, "/state", join(page), method=method)
    assert status in (405, 501)


def test_a_broken_request_and_a_silent_one_leave_the_page_alive(page: PairPage) -> None:
    for sent in (b"", b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\xff" * 70_000):
        with socket.create_connection(("127.0.0.1", page.port), timeout=10) as connection:
            connection.sendall(sent)
    assert ask(page, "/", join(page))[0] == 200


def test_a_new_link_takes_the_page_from_the_old_browser(page: PairPage) -> None:
    old = join(page)
    assert page.renew() == page.link
    assert ask(page, "/", old)[0] == 403
    assert page.status() == "The candidate has not opened the page yet."
    new = join(page)
    assert new != old
    assert ask(page, "/", new)[0] == 200


def test_the_interviewer_is_told_when_the_page_falls_silent() -> None:
    now = [0.0]
    with PairPage(lambda: now[0]) as page:
        assert page.status() == "The candidate has not opened the page yet."
        cookie = join(page)
        ask(page, "/state", cookie)
        assert page.status() == "The candidate's page is open."
        now[0] += QUIET + 1
        assert page.status().startswith("The candidate's page is closed, asleep or in the background")
        ask(page, "/state", cookie)
        assert page.status() == "The candidate's page is open."


def secrets_of(item: Item, asked: str) -> list[str]:
    """Every text of an item that the candidate must not see; the label that is being asked about may be."""
    points = (*item.points, *item.follow_up_points)
    hidden = [item.title, item.why, item.answer, item.follow_up_answer, *item.red_flags, *item.strong_signals]
    hidden += [point.text for point in points] + [point.label for point in points if point.label not in asked]
    return [text for text in hidden if text]


def everything(page: PairPage, cookie: str) -> str:
    """All that the page can be made to send, to its own browser and to others, in one text; JSON is read first."""
    paths = [
        "/",
        "/state",
        "/page.js",
        "/page.css",
        "/join/x",
        "/nowhere",
        "/state?all=1",
        "/../state",
        "//",
        "/report",
    ]
    sent = []
    for path in paths:
        for one in (cookie, ""):
            for method in ("GET", "POST"):
                _, headers, body = ask(page, path, one, method=method)
                if headers["Content-Type"].startswith("application/json"):
                    body = "\n".join(map(str, json.loads(body).values()))
                sent.append(f"{headers}\n{body}")
    return "\n".join(sent)


def looks(mode: str = "pair") -> Iterator[State]:
    """A state of every phase, and all of two whole questions."""
    phases = set()
    for state, _ in play(begin(setup(mode=mode, kata="broker")), 100):
        if state.phase not in phases or len(state.turns) <= 2:
            phases.add(state.phase)
            yield state
    speaking = {Phase.ASK, Phase.FOLLOW_UP, Phase.SCORE}
    assert phases >= speaking | {Phase.KATA_READY, Phase.KATA, Phase.DONE}


@pytest.mark.parametrize("mode", ["pair", "alone"])
def test_no_text_of_an_answer_is_in_anything_the_page_can_be_made_to_send(page: PairPage, mode: str) -> None:
    cookie = join(page)
    for state in looks(mode):
        page.show(candidate_view(state))
        sent = everything(page, cookie)
        asked = follow_up_text(state, state.turn) if state.phase is Phase.FOLLOW_UP else ""
        for item in (*BANK, *after_kata("broker")):
            for secret in secrets_of(item, asked):
                assert secret not in sent, (state.phase, secret)
            if not state.turns or item.id != state.turn.item:
                assert item.question not in sent
        assert "Secret" not in (sent.replace(asked, "") if asked else sent)


def test_nothing_of_the_real_notebooks_answers_is_sent(page: PairPage) -> None:
    cookie = join(page)
    bank, _ = read_bank(notebooks())
    for item in bank:
        for state, _ in play(begin(Setup("staff", 60, 1, (item,), mode="pair"))):
            if state.phase not in (Phase.ASK, Phase.FOLLOW_UP):
                continue
            page.show(candidate_view(state))
            sent = everything(page, cookie)
            asked = follow_up_text(state, state.turn)
            for secret in secrets_of(item, asked):
                if len(secret.split()) >= 4:  # a label or title of a word or two may stand in a question
                    assert secret not in sent, (item.id, secret)


def test_what_people_type_never_reaches_the_page(page: PairPage) -> None:
    from dataclasses import replace

    cookie = join(page)
    state: State = next(state for state, _ in play(begin(setup(mode="pair"))) if state.phase is Phase.ASK)
    turn = replace(state.turn, answer="typed-answer", draft="typed-draft", note="typed-note", flags=(1,))
    page.show(candidate_view(replace(state, turns=(turn,))))
    assert "typed" not in everything(page, cookie)


def test_the_page_asks_nobody_else() -> None:
    for text in (texts.HTML, texts.CSS, texts.JS):
        assert not re.search(
            r"https?:|//[a-z]|@import|url\(|innerHTML|eval", text.replace("'use strict'", "")
        )


def test_the_desk_keeps_the_page_up_to_date(tmp_path: Path) -> None:
    with PairPage() as page, open_sessions(tmp_path) as sessions:
        running = Running(sessions, sessions.create(setup(mode="pair"), datetime.now(UTC)))
        desk = Desk(running, page=page)
        cookie = join(page)
        assert json.loads(ask(page, "/state", cookie)[2])["question"] == ""
        from workbook.interview.events import Paused, Started

        desk.send(Started())
        assert json.loads(ask(page, "/state", cookie)[2])["question"] == desk.kept.item.question
        desk.send(Paused())
        assert json.loads(ask(page, "/state", cookie)[2])["paused"] is True


def test_the_printed_sheet_holds_every_question_that_may_come_and_no_answer(tmp_path: Path) -> None:
    made = setup(mode="paper", kata="broker")
    text = sheet(made)
    for item in (*made.bank, *made.after_kata):
        assert item.question in text.replace("&#x27;", "'")
        for secret in secrets_of(item, ""):
            assert secret not in text
    path = tmp_path / "sheet.html"
    write_sheet(made, path)
    with pytest.raises(FileExistsError):
        write_sheet(made, path)
    assert path.read_text(encoding="utf-8") == text
