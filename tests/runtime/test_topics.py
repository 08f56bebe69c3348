"""The topics of the contract."""

import pytest

from core.runtime import topics
from core.runtime.topics import TopicError, Uplink

SN = "AL2002321010043"


@pytest.mark.parametrize(
    ("topic", "uplink"),
    [
        (topics.frame(SN, "inverter", "running"), Uplink(SN, "frame", "inverter", "running")),
        (topics.backfill(SN, "battery1", "cells"), Uplink(SN, "backfill", "battery1", "cells")),
        (topics.log(SN, "ems"), Uplink(SN, "log", "ems")),
        (topics.ack(SN), Uplink(SN, "ack")),
        (topics.presence(SN), Uplink(SN, "presence")),
    ],
)
def test_what_is_built_can_be_read(topic: str, uplink: Uplink) -> None:
    assert topics.parse(topic) == uplink


def test_topics_are_spelled_as_agreed() -> None:
    assert topics.frame(SN, "inverter", "running") == f"ess/{SN}/up/frame/inverter/running"
    assert topics.backfill(SN, "inverter", "running") == f"ess/{SN}/up/backfill/inverter/running"
    assert topics.log(SN, "ems") == f"ess/{SN}/up/log/ems"
    assert topics.ack(SN) == f"ess/{SN}/up/ack"
    assert topics.presence(SN) == f"ess/{SN}/up/presence"
    assert topics.command(SN) == f"ess/{SN}/down/command"
    assert topics.live(SN) == f"live/{SN}"
    assert topics.shared("ingest", "a/+", "b") == ("$share/ingest/a/+", "$share/ingest/b")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "ess",
        f"ess/{SN}/up/frame/inverter",
        f"ess/{SN}/up/frame/inverter/running/more",
        f"ess/{SN}/up/frame/Inverter/running",
        f"ess/{SN}/up/frame//running",
        f"ess/{SN}/up/log",
        f"ess/{SN}/up/ack/x",
        f"ess/{SN}/up/presence\n",
        f"ess/{SN}/down/command",
        "ess/SHORT/up/ack",
        f"ess/{'A' * 25}/up/ack",
        "ess/al2002321010043/up/ack",
        f"ess/{SN}/up/log/{'x' * 33}",
    ],
)
def test_anything_else_is_refused(topic: str) -> None:
    with pytest.raises(TopicError, match="let the device publish"):
        topics.parse(topic)


@pytest.mark.parametrize(
    "sn", ["", "SHORT", "A" * 25, "al2002321010043", "AL20023210100+3", f"{SN}\n"]
)
def test_a_bad_serial_number_is_refused(sn: str) -> None:
    with pytest.raises(TopicError, match="serial number"):
        topics.command(sn)


@pytest.mark.parametrize("name", ["", "Inverter", "a/b", "+", "#", "x" * 33])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(TopicError, match="slot"):
        topics.log(SN, name)
    with pytest.raises(TopicError, match="channel"):
        topics.frame(SN, "inverter", name)
    with pytest.raises(TopicError, match="group"):
        topics.shared(name, "#")
