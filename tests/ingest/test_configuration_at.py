"""What a system was set to at an instant, and when that changed, over live and compacted frames."""

from itertools import count

import pytest
from hypothesis import HealthCheck
from hypothesis import given as given_by
from hypothesis import settings as examples
from hypothesis import strategies as st

from core.fleet import systems
from core.fleet.systems import Registration
from core.registry import System
from core.runtime.housekeeping import Housekeeper, Keeping
from core.runtime.transport import Message
from core.telemetry import backwards, configuration
from core.telemetry.backwards import first_of, frames_backwards
from core.telemetry.chunk_format import PackedFrame
from core.telemetry.configuration import (
    Configuration,
    Told,
    Turn,
    addresses_of,
    configuration_at,
    settings_of,
    turns,
)
from core.telemetry.curves import Address
from core.telemetry.history import Frame, frames_between, named
from core.telemetry.partitions import DAY
from tests.devices import START, frame, settings
from tests.ingest.bench import HOUR, Bench

MIDNIGHT = START - START % DAY
NUMBERS = count(1)
LIMIT: Address = ("inverter", "export_limit")
MODE: Address = ("inverter", "mode")
CURRENT: Address = ("inverter", "charge_current")
TELLINGS = st.lists(
    st.tuples(
        st.integers(0, 12 * 24),
        st.sampled_from([1000, 2000, 3000]),
        st.integers(0, 1),
        st.sampled_from([10, 20, 999]),
    ),
    min_size=1,
    max_size=40,
)
"""Hours after the first midnight, and what is told then; 499.5 A are not plausible."""
REPEATEDLY = examples(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def _system(bench: Bench) -> tuple[str, int]:
    sn = f"CONF{next(NUMBERS):08}"
    async with bench.database.begin() as connection:
        given = Registration(sn, "bench")
        record = await systems.register(connection, bench.ingest.registry, given, START)
    bench.now = MIDNIGHT + 20 * DAY
    return sn, record.id


def _model(bench: Bench) -> System:
    return bench.ingest.registry.system(bench.ingest.registry.products["bench", "1.0.0"])


def _telling(sn: str, number: int, time: int, *said: int) -> Message:
    return frame(number, settings(*said), sn=sn, channel="settings", device_time=time, late=True)


async def _compact(bench: Bench, now: int) -> None:
    await Housekeeper(bench.database, Keeping(2), lambda: now, 0).compact()


async def _at(bench: Bench, system_id: int, at: int) -> Configuration:
    model = _model(bench)
    async with bench.database.read() as connection:
        return await configuration_at(connection, system_id, model, addresses_of(model), at)


async def _turns(bench: Bench, system_id: int, *ends: Configuration) -> dict[Address, Turn]:
    async with bench.database.read() as connection:
        told = (each.told for each in ends)
        return await turns(connection, system_id, _model(bench), *told)


@given_by(TELLINGS, st.integers(0, 40), st.integers(0, 16), st.integers(-1, 12 * 24))
@REPEATEDLY
async def test_the_configuration_is_what_was_told_last(
    bench: Bench, tellings: list[tuple[int, ...]], cut: int, days: int, hours: int
) -> None:
    """Some frames come before the first days are compacted, the others late."""
    sn, id_ = await _system(bench)
    sent = [
        _telling(sn, n, MIDNIGHT + hour * HOUR, *said) for n, (hour, *said) in enumerate(tellings)
    ]
    for part in (sent[:cut], sent[cut:]):
        if part:
            await bench.take(*part)
        await _compact(bench, MIDNIGHT + days * DAY)
    at = MIDNIGHT + hours * HOUR
    known: dict[Address, Told] = {}
    for hour, limit, mode, current in sorted(tellings, key=lambda each: each[0]):
        if hour <= hours:
            time = MIDNIGHT + hour * HOUR
            known |= {LIMIT: Told(limit, time), MODE: Told(mode, time)}
            known |= {CURRENT: Told(current / 2, time)} if current != 999 else {}
    assert (await _at(bench, id_, at)).told == known


@given_by(TELLINGS, st.integers(0, 16))
@REPEATEDLY
async def test_a_turn_lies_between_two_frames_that_follow_each_other(
    bench: Bench, tellings: list[tuple[int, ...]], days: int
) -> None:
    sn, id_ = await _system(bench)
    by_hour = {hour: said for hour, *said in tellings}
    await bench.take(
        *(
            _telling(sn, n, MIDNIGHT + hour * HOUR, *by_hour[hour])
            for n, hour in enumerate(sorted(by_hour))
        )
    )
    await _compact(bench, MIDNIGHT + days * DAY)
    first = await _at(bench, id_, MIDNIGHT + min(by_hour) * HOUR)
    last = await _at(bench, id_, MIDNIGHT + 13 * DAY)
    found = await _turns(bench, id_, first, last)
    assert found.keys() == {k for k in first.told if first.told[k].value != last.told[k].value}
    for address, turn in found.items():
        place = (LIMIT, MODE, CURRENT).index(address)
        told = [
            Told(by_hour[hour][place] / (2 if address == CURRENT else 1), MIDNIGHT + hour * HOUR)
            for hour in sorted(by_hour)
            if address != CURRENT or by_hour[hour][2] != 999
        ]
        assert turn.new.value == last.told[address].value
        assert told[told.index(turn.new) - 1] == turn.old


async def test_what_was_never_told_is_said_with_how_far_it_was_looked_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sn, id_ = await _system(bench)
    await bench.take(*(_telling(sn, n, START + n, 1000, 0, 999) for n in range(30)))
    found = await _at(bench, id_, START + DAY)
    assert CURRENT not in found.told
    assert [(e.frames, e.since, e.all) for e in found.looked] == [(30, START, True)]
    monkeypatch.setattr(configuration, "MOST_FRAMES", 10)
    found = await _at(bench, id_, START + DAY)
    assert [(e.frames, e.since, e.all) for e in found.looked] == [(10, START + 20, False)]
    assert not (await _at(bench, id_, START - 1)).told


async def test_little_is_read_where_every_frame_says_everything(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day of frames every ten seconds: one is read for an instant, a span for a change."""
    sn, id_ = await _system(bench)
    for hour in range(24):
        await bench.take(
            *(
                _telling(sn, n, MIDNIGHT + n * 10_000, 1000 if n < 5000 else 2000, 0, 10)
                for n in range(hour * 360, hour * 360 + 360)
            )
        )
    read: list[PackedFrame] = []

    def counted(slot: str, channel: str, packed: PackedFrame, decoder: tuple[str, str]) -> Frame:
        read.append(packed)
        return named(slot, channel, packed, decoder)

    monkeypatch.setattr(backwards, "named", counted)
    first, last = await _at(bench, id_, MIDNIGHT + HOUR), await _at(bench, id_, MIDNIGHT + DAY)
    assert len(read) == 2
    found = await _turns(bench, id_, first, last)
    noon = MIDNIGHT + 5000 * 10_000
    assert found == {LIMIT: Turn(Told(1000, noon - 10_000), Told(2000, noon))}
    assert len(read) < 2500


async def test_frames_are_told_backwards_as_they_are_forwards(bench: Bench) -> None:
    sn, id_ = await _system(bench)
    assert await _first(bench, id_) is None
    for n in range(0, 400, 2):
        await bench.take(_telling(sn, n, MIDNIGHT + n * 600_000, n, 0, 0))
    await _compact(bench, MIDNIGHT + 4 * DAY)
    await bench.take(*(_telling(sn, n, MIDNIGHT + n * 600_000, n, 0, 0) for n in range(1, 400, 2)))
    assert await _first(bench, id_) == MIDNIGHT
    span = (MIDNIGHT + 70 * 600_000, MIDNIGHT + 300 * 600_000)
    async with bench.database.read() as connection:
        names = (connection, id_, "inverter", "settings")
        forwards = [each async for each in frames_between(*names, span[0], span[1] + 1)]
        back = [each async for each in frames_backwards(*names, span[1], span[0])]
        assert [e async for e in frames_backwards(connection, id_, "inverter", "no", 1)] == []
    assert len(back) == 231
    assert back == forwards[::-1]


def test_settings_are_what_can_be_told_or_is_a_trait(bench: Bench) -> None:
    assert list(settings_of(_model(bench).parts["inverter"])) == [
        "export_limit",
        "mode",
        "charge_current",
    ]


async def _first(bench: Bench, system_id: int) -> int | None:
    async with bench.database.read() as connection:
        return await first_of(connection, system_id)
