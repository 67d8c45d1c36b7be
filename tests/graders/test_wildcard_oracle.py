"""The oracle of the wildcard grader against a real NATS server, over a plain socket.

The server is asked and not a client: nats-py checks subjects itself before they are sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from workbook.graders import wildcard_oracle as oracle
from workbook.graders.wildcard_names import ODD, WHITE, every_name
from workbook.services import Nats, nats
from workbook.services.nats_wire import Wire

# What our contract has and the server has not. Nothing else differs.
# 1. A wildcard inside a token ("a*"): the server takes it for a literal, in patterns and in topics.
# 2. White space: blank, tab and line ends separate the words of the protocol, so no name can hold them; the
#    server takes all other white space for letters.
# 3. The empty name: it cannot be written in the protocol.
SEPARATORS = " \t\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Nats]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PUBSUB_NATS_URL", raising=False)
        with nats() as bus:
            yield bus


def deliveries(bus: Nats, patterns: list[str], topics: list[str]) -> dict[str, set[str]]:
    """Topic -> the patterns under which the server delivers a message about it."""
    with closing(Wire(bus.url, pedantic=True)) as wire:
        wire.send(b"".join(f"SUB {pattern} {sid}\r\n".encode() for sid, pattern in enumerate(patterns)))
        wire.send(
            b"".join(f"PUB {topic} {len(str(n))}\r\n{n}\r\n".encode() for n, topic in enumerate(topics))
        )
        wire.send(b"PING\r\n")  # answered when all of it has been delivered
        found: dict[str, set[str]] = {topic: set() for topic in topics}
        while (line := wire.line()) != b"PONG":
            assert line.startswith(b"MSG "), line
            sid, size = line.split(b" ")[-2:]
            number = int(wire.exactly(int(size) + 2))
            pattern = patterns[int(sid)]
            assert pattern not in found[topics[number]], "delivered twice"
            found[topics[number]].add(pattern)
        return found


def accepted(bus: Nats, commands: list[str]) -> list[bool]:
    """Whether the server takes each command: no error comes before the answer to the PING after it."""
    with closing(Wire(bus.url, pedantic=True)) as wire:
        wire.send("".join(f"{command}PING\r\n" for command in commands).encode())
        answers = []
        for command in commands:
            refused = False
            while (line := wire.line()) != b"PONG":
                assert line in (b"-ERR 'Invalid Subject'", b"-ERR 'Invalid Publish Subject'", b"PING"), (
                    command,
                    line,
                )
                refused |= line != b"PING"
            answers.append(not refused)
        return answers


def subscribing(bus: Nats, patterns: list[str]) -> dict[str, bool]:
    commands = [f"SUB {pattern} {number}\r\n" for number, pattern in enumerate(patterns)]
    return dict(zip(patterns, accepted(bus, commands), strict=True))


def publishing(bus: Nats, topics: list[str]) -> dict[str, bool]:
    return dict(zip(topics, accepted(bus, [f"PUB {topic} 0\r\n\r\n" for topic in topics]), strict=True))


def without_inner_wildcards(name: str) -> str:
    """The name with the wildcards inside longer tokens replaced by a letter."""
    tokens = name.split(".")
    return ".".join(t if t in ("*", ">") else t.replace("*", "x").replace(">", "x") for t in tokens)


@pytest.mark.parametrize(("literals", "longest"), [("ab", 5), ("abA", 4)])
def test_every_pattern_covers_what_the_server_delivers(server: Nats, literals: str, longest: int) -> None:
    patterns = [name for name in every_name([*literals, "*", ">"], longest) if oracle.valid_pattern(name)]
    topics = every_name(literals, longest)
    if (literals, longest) == ("ab", 5):
        assert (len(patterns), len(topics)) == (484, 62)
    delivered = deliveries(server, patterns, topics)
    for topic in topics:
        assert delivered[topic] == {pattern for pattern in patterns if oracle.matches(topic, pattern)}, topic


def test_every_odd_character_is_as_literal_as_on_the_server(server: Nats) -> None:
    patterns = [
        f"{before}{odd}{after}" for odd in ODD for before, after in (("", ""), ("x.", ""), ("", ".*"))
    ]
    topics = [f"{before}{odd}{after}" for odd in ODD for before, after in (("", ""), ("x.", ""), ("", ".y"))]
    assert all(map(oracle.valid_pattern, patterns))
    assert all(map(oracle.valid_topic, topics))
    delivered = deliveries(server, patterns, topics)
    for topic in topics:
        assert delivered[topic] == {pattern for pattern in patterns if oracle.matches(topic, pattern)}, topic


def test_every_pattern_is_valid_that_the_server_takes_but_for_wildcards_inside_tokens(server: Nats) -> None:
    asked = [name for name in every_name(["", "a", "*", ">", "a*", ">b"], 5) if name]
    for pattern, taken in subscribing(server, asked).items():
        assert taken == oracle.valid_pattern(without_inner_wildcards(pattern)), pattern
        assert oracle.valid_pattern(pattern) == (taken and without_inner_wildcards(pattern) == pattern), (
            pattern
        )


def test_every_topic_is_valid_that_the_server_takes_but_for_wildcards_inside_tokens(server: Nats) -> None:
    asked = [name for name in every_name(["", "a", "*", ">", "a*", ">b"], 5) if name]
    for topic, taken in publishing(server, asked).items():
        assert taken == oracle.valid_topic(without_inner_wildcards(topic)), topic
        assert oracle.valid_topic(topic) == (taken and without_inner_wildcards(topic) == topic), topic


def test_white_space_is_refused_though_the_server_takes_what_its_protocol_can_carry(server: Nats) -> None:
    asked = [name for c in WHITE if c not in SEPARATORS for name in (c, f"a{c}b", f"{c}.a", f"a.b{c}")]
    assert all(subscribing(server, asked).values())
    assert all(publishing(server, asked).values())
    for character in WHITE:
        for name in (character, f"a{character}b", f"{character}.a", f"a.b{character}"):
            assert not oracle.valid_pattern(name)
            assert not oracle.valid_topic(name)


def test_the_empty_name_is_refused() -> None:
    assert not oracle.valid_pattern("")
    assert not oracle.valid_topic("")


def test_the_model_holds_pairs_as_often_as_they_were_added() -> None:
    model = oracle.Model()
    model.add("a.*", "v1")
    model.add("a.*", "v1")
    model.add("a.>", "v1")
    assert model.match("a.b") == ["v1", "v1", "v1"]
    model.remove("a.*", "v1")
    assert model.match("a.b") == ["v1", "v1"]
    with pytest.raises(KeyError):
        model.remove("a.*", "v2")
    with pytest.raises(KeyError):
        model.remove("a..b", "v1")
    with pytest.raises(ValueError):
        model.add("a..b", "v1")
    with pytest.raises(ValueError):
        model.match("a.*")
