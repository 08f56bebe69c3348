"""Where the facts about SMILE systems come from: a document, public readers of it, captures."""

from collections.abc import Iterable

from thingwright import Source, hookimpl

PUBLIC = (
    # id, title, repository on GitHub, its licence
    (
        "alpha2mqtt",
        "Alpha2MQTT, run on a SMILE-B3",
        "dxoverdy/Alpha2MQTT at febfd78d",
        "GPL-3.0",
    ),
    (
        "senalse_ha_alphaess_modbus",
        "AlphaESS Modbus for Home Assistant",
        "senalse/ha-alphaess-modbus at 3b944d6b",
        "MIT",
    ),
    (
        "poshy163_ha_alphaess_modbus",
        "AlphaESS Modbus for Home Assistant",
        "Poshy163/homeassistant-alphaESS-modbus at a43f293f",
        "no licence file",
    ),
    (
        "solax_modbus_plugin_alphaess",
        "AlphaESS plugin of a Modbus integration",
        "wills106/homeassistant-solax-modbus at 27875b3b",
        "Apache-2.0",
    ),
    (
        "tidalvirus_capture",
        "Traffic of a SMILE5 in Australia with its server",
        "tidalvirus/alphaess-server at dcacf455",
        "no licence file",
    ),
    (
        "heistergand_test",
        "Telemetry of a SMILE-T10-HV",
        "Heistergand/passive-solar-mqtt-bridge",
        "BSD-2-Clause",
    ),
    (
        "antelope_i18n",
        "AlphaESS translation files",
        "alphaess-developer/antelope-i18n at 594ce44c",
        "no licence file",
    ),
)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "alphaess_modbus_v123_de",
        "AlphaESS household Modbus RTU protocol V1.23",
        "A-",
        "table transcribed in github.com/SorX14/alphaess_pdf_parser at 3c9d0c9f",
        "vendor document, facts only",
    )
    for id_, title, repository, licence in PUBLIC:
        yield Source(id_, title, "B", f"github.com/{repository}", f"{licence}, facts only")
    yield Source("cec_list_via_public_repo", "CEC approved battery list, AlphaESS rows", "B")
    yield Source("installer_tool", "Installer's tool quoting a SMILE-G3 datasheet of 2025", "C")
    yield Source("guide", "AlphaESS operations portal guide", "C")
