"""The header in front of every payload."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runtime.envelope import HEADER, Envelope, EnvelopeError

WORKED = bytes.fromhex("01 00000007 0000000000000102 000001928374655a".replace(" ", ""))


def test_header_is_21_bytes_big_endian() -> None:
    assert HEADER.size == 21
    assert Envelope.parse(WORKED + b"body") == Envelope(7, 0x102, 0x1928374655A, b"body")


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=300),
)
def test_pack_and_parse_are_inverse(
    boot_id: int, sequence: int, device_time: int, body: bytes
) -> None:
    envelope = Envelope(boot_id, sequence, device_time, body)
    assert Envelope.parse(envelope.pack()) == envelope


def test_an_empty_body_is_allowed() -> None:
    assert Envelope.parse(WORKED).body == b""


@pytest.mark.parametrize("length", range(21))
def test_a_short_payload_says_how_short(length: int) -> None:
    with pytest.raises(EnvelopeError, match=f"after {length} of the 21 bytes"):
        Envelope.parse(WORKED[:length])


@pytest.mark.parametrize("version", [0, 2, 255])
def test_an_unknown_version_is_named(version: int) -> None:
    with pytest.raises(EnvelopeError, match=f"version {version} at byte 0"):
        Envelope.parse(bytes([version]) + WORKED[1:])


@pytest.mark.parametrize(
    "envelope",
    [
        Envelope(2**32, 0, 0, b""),
        Envelope(-1, 0, 0, b""),
        Envelope(0, 2**64, 0, b""),
        Envelope(0, 0, 2**63, b""),
    ],
)
def test_a_number_outside_its_field_is_refused(envelope: Envelope) -> None:
    with pytest.raises(EnvelopeError, match="does not fit"):
        envelope.pack()
