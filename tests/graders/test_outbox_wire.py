"""The bystander's view of the PostgreSQL protocol."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from workbook.graders.outbox_wire import Answers, Requests, error_of, messages, startup


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


WHOLE = st.lists(st.tuples(st.sampled_from([b"Q", b"P", b"D", b"Z"]), st.binary(max_size=40)), max_size=8)


@given(WHOLE, st.lists(st.integers(1, 30), max_size=30))
def test_messages_come_out_whole_however_they_are_cut(
    parts: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(message(kind, body) for kind, body in parts)
    buffer, seen = bytearray(), []
    for size in [*cuts, len(stream)]:
        buffer += stream[:size]
        stream = stream[size:]
        seen += [whole for _, whole in messages(buffer)]
    assert seen == [message(kind, body) for kind, body in parts]
    assert buffer == b""


def test_a_first_message_has_no_type_and_waits_until_it_is_complete() -> None:
    whole = struct.pack("!II", 12, 196608) + b"user"
    buffer = bytearray(whole[:10])
    assert startup(buffer) is None
    buffer += whole[10:] + b"Q"
    assert startup(buffer) == (196608, whole)
    assert buffer == b"Q"


def test_a_prepared_statement_is_known_by_its_name_later_on() -> None:
    requests = Requests()
    requests.note(ord("P"), message(b"P", b"s1\0SELECT  $1,\n 2\0\0\0"))
    requests.note(ord("B"), message(b"B", b"\0s1\0" + bytes(6)))
    requests.note(ord("E"), message(b"E", b"\0" + bytes(4)))
    assert requests.take() == "SELECT $1, 2"
    requests.note(ord("B"), message(b"B", b"\0s1\0" + bytes(6)))
    requests.note(ord("E"), message(b"E", b"\0" + bytes(4)))
    requests.note(ord("Q"), message(b"Q", b"COMMIT\0"))
    assert requests.take() == "SELECT $1, 2; COMMIT"
    assert requests.take() == ""


def test_answers_are_tags_or_an_error_and_are_taken_once() -> None:
    answers = Answers()
    answers.note(ord("C"), message(b"C", b"UPDATE 3\0"))
    answers.note(ord("C"), message(b"C", b"COMMIT\0"))
    assert answers.take() == ("UPDATE 3, COMMIT", "")
    failed = message(b"E", b"SFATAL\0C57P01\0Mterminating\0\0")
    answers.note(ord("E"), failed)
    assert answers.take() == ("", "57P01 terminating")
    assert error_of(failed) == "57P01 terminating"
