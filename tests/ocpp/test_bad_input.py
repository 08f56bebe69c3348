"""What is wrong is answered and said, and the connection stays."""

import json
import ssl
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from core.runtime.ocpp_identity import OcppFile, OcppFileError
from core.runtime.ocpp_wire import listening
from tests.ocpp.charge_point import basic, plugged, said
from tests.ocpp.conftest import Plant, until
from tests.servers import _certify

pytestmark = pytest.mark.integration
SN = "WALLBOX0001"
HEARTBEAT = [2, "7", "Heartbeat", {}]


def raw(plant: Plant, protocol: str = "ocpp1.6", identity: str = SN, **headers: str) -> Any:
    known = headers or basic(SN, plant.password(SN))
    offered: Any = [protocol]
    return connect(
        plant.url(identity), subprotocols=offered, additional_headers=known, compression=None
    )


@pytest.mark.parametrize(
    ("message", "number", "code"),
    [
        ("{nonsense", "-1", "FormationViolation"),
        ("[" * 100_000, "-1", "FormationViolation"),
        ({"action": "Heartbeat"}, "-1", "ProtocolError"),
        ([], "-1", "ProtocolError"),
        ([2, "9"], "9", "ProtocolError"),
        ([9, "9", "Heartbeat", {}], "-1", "PropertyConstraintViolation"),
        ([2, "9", "MakeCoffee", {}], "9", "NotImplemented"),
        ([2, "9", "../../../etc/x", {}], "9", "NotImplemented"),
        ([2, "9", 5, {}], "9", "NotImplemented"),
        ([2, "9", "GetLog", {"logType": "SecurityLog"}], "9", "ProtocolError"),
        ([2, "9", "ClearCache", {}], "9", "NotSupported"),
        ([2, "9", "Heartbeat", []], "9", "TypeConstraintViolation"),
        ([2, "9", "BootNotification", {"chargePointVendor": "x"}], "9", "ProtocolError"),
        ([2, "9", "Authorize", {"idTag": 5}], "9", "TypeConstraintViolation"),
        ([2, "9", "Authorize", {"idTag": "x", "y": 1}], "9", "FormationViolation"),
        ([2, "9", "Authorize", {"idTag": "x" * 21}], "9", "TypeConstraintViolation"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_message_that_breaks_the_rules_is_answered(
    plant: Plant, message: Any, number: str, code: str
) -> None:
    async with raw(plant) as socket:
        kind, name, given, description, _ = await said(socket, message)
        assert (kind, name, given) == (4, number, code)
        assert description
        assert (await said(socket, HEARTBEAT))[:2] == [3, "7"]


async def test_2_0_1_spells_its_codes_as_it_does(plant: Plant) -> None:
    async with raw(plant, "ocpp2.0.1") as socket:
        assert (await said(socket, "{nonsense"))[2] == "FormatViolation"


async def test_answers_that_nobody_waits_for_do_no_harm(plant: Plant) -> None:
    async with raw(plant) as socket:
        await socket.send(json.dumps([3, "unknown", {}]))
        await socket.send(json.dumps([4, "unknown", "InternalError", "", {}]))
        assert (await said(socket, HEARTBEAT))[0] == 3


@pytest.mark.parametrize("password", ["", "wrong", "00" * 20])
async def test_a_wrong_password_is_not_let_in(plant: Plant, password: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with raw(plant, **basic(SN, password)):
            pass
    assert refused.value.response.status_code == 401
    assert "Basic" in refused.value.response.headers["WWW-Authenticate"]


async def test_another_charger_s_name_is_not_let_in(plant: Plant) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with raw(plant, **basic("WALLBOX0002", plant.password(SN))):
            pass
    assert refused.value.response.status_code == 401


async def test_the_password_may_be_the_bytes_that_it_writes(plant: Plant) -> None:
    password = bytes.fromhex(plant.password(SN))
    async with plugged(plant.url(SN), password=password) as charger:
        assert (await charger.boot()).status == "Accepted"


async def test_an_identity_that_is_no_serial_number_has_to_be_declared(plant: Plant) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with raw(plant, identity="garage%2Fleft"):
            pass
    assert refused.value.response.status_code == 404
    assert b"'garage/left' is not known" in refused.value.response.body
    file = plant.gateway.around.doorkeeper.path
    file.write_text('tokens = ["04A2"]\n[chargers]\n"garage/left" = "GARAGELEFT01"\n')
    plant.gateway.around.doorkeeper.refresh()
    login = basic("garage/left", plant.password("GARAGELEFT01"))
    async with raw(plant, identity="garage%2Fleft", **login) as socket:
        answer = await said(socket, [2, "1", "Authorize", {"idTag": "04A2"}])
        assert answer == [3, "1", {"idTagInfo": {"status": "Accepted"}}]
        answer = await said(socket, [2, "1", "Authorize", {"idTag": "FFFF"}])
        assert answer == [3, "1", {"idTagInfo": {"status": "Invalid"}}]
    assert (await plant.system("GARAGELEFT01")).product_id == "ocpp-1-6-charger"


def test_everything_wrong_with_the_file_is_said(tmp_path) -> None:
    file = tmp_path / "ocpp.toml"
    file.write_text('token = []\ntokens = 5\n[chargers]\na = "x"\n')
    with pytest.raises(OcppFileError) as error:
        OcppFile.read(file)
    assert [line.partition(": ")[2] for line in str(error.value).splitlines()] == [
        "token: is not known (say tokens and [chargers])",
        'tokens: is not a list of texts (write ["04A2"])',
        "a: 'x' is not a serial number (8 to 24 of A-Z and 0-9)",
    ]


async def test_a_wrong_subprotocol_ends_the_connection(plant: Plant) -> None:
    async with raw(plant, "ocpp1.5") as socket:
        assert socket.subprotocol is None
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_reason == "offer one of ocpp2.0.1, ocpp1.6"


async def test_a_second_connection_takes_over(plant: Plant) -> None:
    async with raw(plant) as first, AsyncExitStack() as stack:
        assert (await said(first, HEARTBEAT))[0] == 3
        await plant.system(SN)
        second = await stack.enter_async_context(raw(plant))
        assert (await said(second, HEARTBEAT))[0] == 3
        with pytest.raises(ConnectionClosed):
            await first.recv()
        assert first.close_reason == "another connection of this charger took over"

        async def online() -> bool | None:
            return (await plant.system(SN)).online

        await until(online, "the birth message of the second")


async def test_what_the_broker_cannot_take_is_said_again_later(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.runtime.ocpp_charger.PATIENCE", 0.5)
    start = {"connectorId": 1, "idTag": "A", "meterStart": 5, "timestamp": "2026-11-25T10:00:00Z"}
    async with raw(plant) as socket:
        assert (await said(socket, HEARTBEAT))[0] == 3
        plant.broker.stop()
        refused = await said(socket, [2, "8", "StartTransaction", start])
        assert refused[:3] == [4, "8", "InternalError"]
        assert "say it again later" in refused[3]
        monkeypatch.setattr("core.runtime.ocpp_charger.PATIENCE", 30)
        plant.broker.start()
        accepted = await said(socket, [2, "9", "StartTransaction", start])
        assert accepted[0] == 3
    (record,) = await plant.records(SN)
    assert record.id == accepted[2]["transactionId"]


async def test_security_profile_2_is_tls_with_a_password(plant: Plant, tmp_path) -> None:
    _certify(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    trusted = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    admit, attend = plant.gateway.around.doorkeeper.admit, plant.gateway.attend
    async with listening("127.0.0.1", 0, tls, admit, attend) as port:
        url = f"wss://127.0.0.1:{port}/ocpp/{SN}"
        async with plugged(url, password=plant.password(SN), tls=trusted) as charger:
            assert (await charger.boot()).status == "Accepted"
        with pytest.raises(InvalidMessage):  # plain text to a TLS socket
            async with plugged(url.replace("wss", "ws"), password=plant.password(SN)):
                pass
