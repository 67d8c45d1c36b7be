"""Kafka's murmur2 over arrays: the names of a hundred million keys, hashed a block at a time.

A name is put together from pieces of equal length for a whole block, four bytes to a word, and each word is
mixed into all hashes of the block at once. `sim.partitioner` has the same hash for one name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sim.partitioner import MULTIPLIER, SEED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Words = NDArray[np.uint32]
    Numbers = NDArray[np.int64]
    Piece = tuple[Words, int]  # up to four bytes of each name, the first lowest, and how many they are


def partitions_of(
    keys: Numbers, numbers: Words, partitions: int, *, before: bytes = b"", suffixes: Numbers | None = None
) -> Numbers:
    """Return the partition of each key `user-<key>-<number in hex>`, as the Java client picks it.

    `before` stands before every name; a suffix follows it as `#<suffix>`.
    """
    import numpy as np

    found = np.empty(len(keys), np.int64)
    for key_digits, at in _by_width(keys):
        for digits, of in _by_width(suffixes[at]) if suffixes is not None else [(0, slice(None))]:
            pieces = [*_text(before + b"user-"), *_decimal(keys[at][of], key_digits), *_text(b"-")]
            pieces += _hexadecimal(numbers[at][of])
            if suffixes is not None:
                pieces += [*_text(b"#"), *_decimal(suffixes[at][of], digits)]
            hashes = murmur2(pieces, len(keys[at][of])) & np.uint32(0x7FFFFFFF)
            part = found[at]
            part[of] = hashes % np.uint32(partitions)
            found[at] = part
    return found


def murmur2(pieces: Sequence[Piece], count: int) -> Words:
    """Return the 32-bit murmur2 of so many names, each the pieces of its row one after the other."""
    import numpy as np

    multiplier = np.uint32(MULTIPLIER)
    length = sum(size for _, size in pieces)
    h = np.full(count, SEED ^ length, np.uint32)
    for word, size in _words(pieces):
        if size == 4:
            k = word * multiplier
            k ^= k >> np.uint32(24)
            k *= multiplier
            h *= multiplier
            h ^= k
        else:  # the tail goes in unmixed
            h ^= word
            h *= multiplier
    h ^= h >> np.uint32(13)
    h *= multiplier
    h ^= h >> np.uint32(15)
    return h


def _words(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the same bytes as words of four, and a rest."""
    import numpy as np

    words: list[Piece] = []
    word, filled = np.zeros(1, np.uint32), 0
    for piece, size in pieces:
        word = word | piece << np.uint32(8 * filled)
        if filled + size >= 4:
            words.append((word, 4))
            taken = 4 - filled
            filled = size - taken
            word = piece >> np.uint32(8 * taken) if filled else np.zeros(1, np.uint32)
        else:
            filled += size
    return [*words, (word, filled)] if filled else words


def _text(text: bytes) -> list[Piece]:
    """Return a text that is the same in every name."""
    import numpy as np

    parts = [text[i : i + 4] for i in range(0, len(text), 4)]
    return [(np.array([int.from_bytes(part, "little")], np.uint32), len(part)) for part in parts]


def _decimal(numbers: Numbers, digits: int) -> list[Piece]:
    """Return numbers that all have so many decimal digits."""
    import numpy as np

    rest = numbers.astype(np.uint32)  # a division of these is several times as fast
    pieces = []
    for left in range(digits, 0, -4):  # groups of four digits, from the last
        size = min(4, left)
        above = rest // np.uint32(10_000)
        pieces.append((_table(10, size)[rest - above * np.uint32(10_000)], size))
        rest = above
    return pieces[::-1]


def _hexadecimal(numbers: Words) -> list[Piece]:
    """Return numbers in eight hexadecimal digits."""
    import numpy as np

    table = _table(16, 4)
    return [(table[numbers >> np.uint32(16)], 4), (table[numbers & np.uint32(0xFFFF)], 4)]


def _by_width(numbers: Numbers) -> Iterator[tuple[int, Any]]:
    """Yield how many decimal digits some of the numbers have, and which they are; all at once where all agree."""
    if not len(numbers):
        return
    least, most = len(str(numbers.min())), len(str(numbers.max()))
    if least == most:
        yield least, slice(None)
        return
    for width in range(least, most + 1):
        at = ((numbers >= (10 ** (width - 1) if width > 1 else 0)) & (numbers < 10**width)).nonzero()[0]
        if at.size:
            yield width, at


@cache
def _table(base: int, size: int) -> Words:
    """Return the digits of every number below base^size, leading zeros included, as a word each."""
    import numpy as np

    digits = f"{{:0{size}{'d' if base == 10 else 'x'}}}"
    texts = (digits.format(number).encode() for number in range(base**size))
    return np.array([int.from_bytes(text, "little") for text in texts], np.uint32)
