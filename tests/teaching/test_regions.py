import asyncio
from collections.abc import Iterator

import nats
import pytest
from nats.js.api import ExternalStream, StreamSource
from nats.js.client import JetStreamContext

from workbook.teaching.regions import Region, regions


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Region, Region]]:
    with regions() as found:
        yield found


async def mirror(east: Region, west: Region) -> list[int]:
    here, there = await nats.connect(east.url), await nats.connect(west.url)
    try:
        source = StreamSource(name="EAST", external=ExternalStream(api=f"$JS.{east.name}.API"))
        await here.jetstream().add_stream(name="EAST", subjects=["east"])
        await there.jetstream().add_stream(name="COPY", mirror=source)
        for number in range(3):
            await here.jetstream().publish("east", b"%d" % number)
        return await stored(there.jetstream(), "COPY", 3)
    finally:
        await here.close()
        await there.close()


async def stored(stream: JetStreamContext, name: str, count: int) -> list[int]:
    while (state := (await stream.stream_info(name)).state).messages < count:
        await asyncio.sleep(0)
    return [int((await stream.get_msg(name, seq)).data or b"") for seq in range(1, state.last_seq + 1)]


async def copy_in(west: Region) -> list[int]:
    client = await nats.connect(west.url)
    try:
        return await stored(client.jetstream(), "COPY", 3)
    finally:
        await client.close()


def test_a_stream_of_the_east_is_mirrored_in_the_west_and_outlives_both_regions_being_killed(
    both: tuple[Region, Region],
) -> None:
    east, west = both
    assert asyncio.run(asyncio.wait_for(mirror(east, west), 20)) == [0, 1, 2]
    east.kill()
    west.kill()
    west.start()  # at the same address, though the region it is joined to is gone
    assert asyncio.run(asyncio.wait_for(copy_in(west), 20)) == [0, 1, 2]


def test_the_regions_have_names_of_their_own_and_show_no_server_in_their_text(
    both: tuple[Region, Region],
) -> None:
    assert [region.name for region in both] == ["east", "west"]
    assert "Server(" not in repr(both)
