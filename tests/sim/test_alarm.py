"""A re-armed event rings when told, once per arm, and not after a cancel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpy import Environment, Event

from sim.alarm import ARRIVAL, DEPARTURE, Alarm


def _times(env: Environment, rings: list[float]) -> Alarm:
    return Alarm(env, lambda _: rings.append(env.now))


def test_an_alarm_rings_at_each_time_it_is_armed_for() -> None:
    env, rings = Environment(), []
    alarm = Alarm(env, lambda _: (rings.append(env.now), alarm.arm(2.0) if env.now < 6 else None))
    alarm.arm(1.0)
    env.run()
    assert rings == [1.0, 3.0, 5.0, 7.0]
    assert not alarm.armed


def test_a_cancelled_alarm_stays_silent_and_can_be_armed_for_earlier_or_later() -> None:
    env, rings = Environment(), []
    alarm = _times(env, rings)
    alarm.arm(5.0)
    alarm.cancel()
    alarm.arm(3.0)
    alarm.cancel()
    alarm.cancel()
    assert not alarm.armed
    alarm.arm(4.0)
    assert alarm.armed
    env.run()
    assert rings == [4.0]
    alarm.arm(0.0)
    env.run()
    assert rings == [4.0, 5.0]  # the clock had moved on to the dead entry


def test_an_armed_alarm_is_not_armed_twice() -> None:
    alarm = _times(Environment(), [])
    alarm.arm(1.0)
    with pytest.raises(RuntimeError, match="rings once per arm; cancel it before"):
        alarm.arm(2.0)


@given(now=st.floats(0, 1e9), when=st.floats(0, 1e9))
def test_arm_at_hits_the_very_float_at_the_second_try_at_the_latest(now: float, when: float) -> None:
    now, when = min(now, when), max(now, when)
    env, rings = Environment(now), []

    def ring(_: Event) -> None:
        rings.append(env.now)
        if env.now < when:
            alarm.arm_at(when)

    alarm = Alarm(env, ring)
    alarm.arm_at(when)
    env.run()
    assert rings[-1] == when
    assert len(rings) <= 2


def test_departures_ring_before_arrivals_of_the_same_time() -> None:
    env, order = Environment(), []
    arrival = Alarm(env, lambda _: order.append("arrival"), ARRIVAL)
    departure = Alarm(env, lambda _: order.append("departure"), DEPARTURE)
    arrival.arm(1.0)
    departure.arm(1.0)
    env.run()
    assert order == ["departure", "arrival"]
