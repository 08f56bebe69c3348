"""Every message that cannot be taken in is kept with its reason, and can be replayed."""

import asyncio
from itertools import count

import pytest

from core.fleet import systems
from core.fleet.systems import Registration
from core.runtime import topics
from core.runtime.directory import Directory
from core.runtime.ingest import Ingest
from core.runtime.transport import Message
from core.telemetry import dead_letters
from core.telemetry.dead_letters import HINTS
from tests.devices import OTHER, SN, frame, running
from tests.ingest.bench import Bench, ack, log, presence

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

BORN_AS_OTHER = f'{{"online": true, "sn": "{OTHER}"}}'.encode()

REJECTED = [
    ("bad_topic", Message("ess/short/up/ack", b"", 0), "topic 'ess/short/up/ack' is none of"),
    ("bad_topic", Message("", b"\xff", 0), "topic '' is none of"),
    ("bad_topic", Message(f"ess/{SN}/up/frame/inverter", b"", 0), "is none of"),
    ("bad_topic", Message(f"ess/{SN}/up/frame/Inverter/running", b"", 0), "is none of"),
    ("unknown_kind", Message(f"ess/{SN}/up/picture/inverter", b"\x89PNG", 0), "is none of"),
    ("bad_envelope", Message(topics.frame(SN, "inverter", "running"), b"\x01", 0), "after 1 of"),
    ("bad_envelope", Message(topics.ack(SN), b"\x07" * 30, 0), "version 7"),
    ("bad_envelope", Message(topics.log(SN, "inverter"), b"", 0), "after 0 of"),
    ("bad_message", Message(topics.presence(SN), b"online", 0), "the JSON cannot be read"),
    ("bad_message", Message(topics.presence(SN), b'{"online": 1}', 0), "Expected `bool`"),
    ("bad_message", Message(topics.presence(SN), b'"\xff"', 0), "the JSON cannot be read"),
    ("bad_message", ack(1, id=ULID, status="done"), "Invalid enum value 'done'"),
    ("bad_message", presence(OTHER, product_model="bench", timezone="Mars"), "not a time zone"),
    ("sn_differs", Message(topics.presence(SN), BORN_AS_OTHER, 0), f"it is of {OTHER}"),
    ("unknown_device", frame(1, sn=OTHER), f"{OTHER} is not registered"),
    ("unknown_device", frame(1, sn=OTHER, late=True), f"{OTHER} is not registered"),
    ("unknown_device", log(1, "hello", OTHER), f"{OTHER} is not registered"),
    ("unknown_device", ack(1, OTHER, id=ULID, status="failed"), f"{OTHER} is not registered"),
    ("unknown_device", presence(OTHER), "names no product model"),
    ("unknown_product", presence(OTHER, product_model="x"), "known models are bench, bench-two"),
    ("unknown_product", presence(OTHER, product_model="bench", version="9"), "versions are 1.0.0"),
    ("product_differs", presence(product_model="bench-two"), "registered is bench"),
    ("unknown_slot", frame(1, slot="battery1"), "bench has no slot 'battery1', its slots are inv"),
    ("unknown_slot", log(1, "hello", slot="ems"), "bench has no slot 'ems'"),
    ("unknown_channel", frame(1, channel="meter"), "inverters.bench in slot inverter has no"),
    ("undecodable", frame(1, b"\x00" * 9), "bytes"),
    ("undecodable", frame(1, b'{"p": 0}', channel="probe"), "ZeroDivisionError"),
    (
        "unknown_command",
        ack(1, id=ULID, status="running"),
        f"never sent a command or request {ULID}",
    ),
    ("unstorable", frame(1, b'{"pgrid": %d}' % 10**30, channel="ems"), "OverflowError"),
]
ELSEWHERE = {"conflicting_frame", "illegal_transition"}
"""Codes that need more than one message: tested with frames and with commands."""


def test_every_code_has_its_case() -> None:
    assert {code for code, _, _ in REJECTED} | ELSEWHERE == set(HINTS)


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    REJECTED,
    ids=[f"{n}-{case[0]}" for n, case in enumerate(REJECTED)],
)
async def test_a_rejected_message_is_kept_with_its_reason(
    bench: Bench, code: str, message: Message, reason: str
) -> None:
    await bench.take(frame(7), message, frame(8, running(pv=8)))
    (letter,) = await bench.letters()
    assert (letter.code, letter.hint) == (code, HINTS[code])
    assert (letter.topic, letter.payload) == (message.topic, message.payload)
    assert reason in letter.reason
    assert letter.sn == (
        message.topic.split("/")[1] if code != "bad_topic" or SN in message.topic else ""
    )
    assert await bench.value("pv_power") == 8
    assert bench.ingest.counts == {"taken": 2, code: 1}


async def test_the_same_message_is_one_letter_however_often_it_comes(bench: Bench) -> None:
    await bench.take(frame(1, sn=OTHER), frame(1, sn=OTHER), frame(2, sn=OTHER))
    bench.now += 1000
    await bench.take(frame(1, sn=OTHER))
    second, first = await bench.letters()
    assert (first.times, second.times) == (3, 1)
    assert (first.first_at, first.last_at) == (bench.now - 1000, bench.now)


async def test_the_list_can_be_searched(bench: Bench) -> None:
    await bench.take(frame(1, sn=OTHER), frame(1, slot="ems"), frame(2, slot="ems"))
    assert len(await bench.letters(code="unknown_slot")) == 2
    assert len(await bench.letters(sn=OTHER)) == 1
    newest, *_ = await bench.letters(limit=1)
    assert [each.code for each in await bench.letters(before=newest.id)] == [
        "unknown_slot",
        "unknown_device",
    ]
    async with bench.database.read() as connection:
        assert await dead_letters.counts(connection) == {"unknown_slot": 2, "unknown_device": 1}


async def test_replay_takes_in_what_can_be_by_now(bench: Bench, registry) -> None:
    late = bench.now
    await bench.take(frame(1, sn=OTHER), frame(1, slot="ems"))
    bench.now += 60_000
    letters = await bench.letters()
    assert await bench.ingest.replay(letters) == 0
    assert [(each.times, each.last_at) for each in await bench.letters()] == [(1, late)] * 2
    async with bench.database.begin() as connection:
        record = await systems.register(connection, registry, Registration(OTHER, "bench"), 0)
    assert await bench.ingest.replay(letters) == 1
    assert await bench.codes() == ["unknown_slot"]
    resolved = [each for each in await bench.letters(resolved=True) if each.resolved_at]
    assert [(each.code, each.resolved_at) for each in resolved] == [("unknown_device", bench.now)]
    bench.system_id = record.id
    assert (await bench.readings())["inverter", "pv_power"].receive_time == late


async def test_a_letter_that_comes_again_is_open_again(bench: Bench) -> None:
    await bench.take(frame(1, slot="ems"))
    (letter,) = await bench.letters()
    async with bench.database.begin() as connection:
        await dead_letters.resolve(
            connection, [dead_letters.digest(letter.topic, letter.payload)], 1
        )
    assert await bench.letters() == []
    await bench.take(frame(1, slot="ems"))
    assert [each.times for each in await bench.letters()] == [2]


async def test_a_birth_message_registers_its_device(bench: Bench) -> None:
    said = {"product_model": "bench-two", "firmware": "1.2", "timezone": "Europe/Berlin"}
    await bench.take(frame(1, sn=OTHER), presence(OTHER, country="DE", name="Ünder NUL\0", **said))
    async with bench.database.read() as connection:
        record = await systems.by_sn(connection, OTHER)
    assert record is not None
    assert (record.product_id, record.product_version) == ("bench-two", "2.0.0")
    assert (record.firmware, record.timezone) == ("1.2", "Europe/Berlin")
    assert (record.country, record.name) == ("DE", "Ünder NUL\ufffd")
    assert record.online
    bench.system_id = record.id
    assert await bench.value("pv_power") == 1000
    assert await bench.codes() == []


async def test_frames_from_before_the_birth_message_are_taken_in_after_it(bench: Bench) -> None:
    await bench.take(frame(1, sn=OTHER))
    await bench.take(frame(2, sn=OTHER), log(1, "hello", OTHER))
    assert await bench.codes() == ["unknown_device"] * 3
    await bench.take(presence(OTHER, product_model="bench"))
    assert await bench.codes() == []
    assert (await bench.count("frames"), await bench.count("log_lines")) == (2, 1)


async def test_frames_from_before_an_operator_registered_are_taken_in_after_it(
    bench: Bench, registry
) -> None:
    await bench.take(frame(1, sn=OTHER))
    directory = Directory(registry, bench.database)
    await directory.refresh(bench.now)
    async with bench.database.begin() as connection:
        await systems.register(connection, registry, Registration(OTHER, "bench"), bench.now + 1)
    assert await directory.refresh(bench.now + 1000) == {OTHER}
    assert await directory.refresh(bench.now + 2000) == set()
    watching = asyncio.create_task(bench.ingest._watch())
    async with asyncio.timeout(10):
        while await bench.codes():  # noqa: ASYNC110  a process of its own would poll too
            await asyncio.sleep(0.05)
    watching.cancel()
    await asyncio.wait({watching})
    assert await bench.codes() == []


async def test_without_plug_and_play_a_birth_message_registers_nothing(
    bench: Bench, registry
) -> None:
    strict = Ingest(registry, bench.database, bench.desk, plug_and_play=False)
    await strict.take([presence(OTHER, product_model="bench")])
    (letter,) = await bench.letters()
    assert letter.code == "unknown_device"
    assert "may not register themselves" in letter.reason
    assert await bench.count("systems") == 1


async def test_presence_is_noted(bench: Bench) -> None:
    said = [
        (presence(product_model="bench", firmware="2.0"), (True, "2.0")),
        (presence(online=False), (False, "2.0")),
        (presence(online=True), (True, "2.0")),
        (Message(topics.presence(SN), b"", None), (False, "2.0")),
    ]
    for message, expected in said:
        await bench.take(message)
        assert await _presence(bench) == expected
    await bench.take(presence(), presence(online=False), presence(firmware="3"))
    assert await _presence(bench) == (True, "3")
    assert await bench.codes() == []


async def test_many_devices_register_in_one_batch(bench: Bench) -> None:
    numbers = count(1)
    sns = [f"FLEET{next(numbers):07}" for _ in range(300)]
    await bench.take(
        *(presence(sn, product_model="bench") for sn in sns), *(frame(1, sn=sn) for sn in sns)
    )
    assert await bench.codes() == []
    assert await bench.count("latest") == 300


async def _presence(bench: Bench) -> tuple[bool | None, str]:
    async with bench.database.read() as connection:
        record = await systems.by_sn(connection, SN)
    assert record is not None
    return record.online, record.firmware
