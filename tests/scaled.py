"""A plugin whose scales, datapoints and commands depend on firmware, and its product model."""

from pathlib import Path

NAME = "inverters.scaled"
SOURCE = """
from thingwright import Command, Component, Datapoint, Decoder, hookimpl, product_files
from thingwright.layout import modbus_write, registers, u16


@hookimpl
def declare_components():
    yield Component("inverter", "Scaled")


@hookimpl
def declare_datapoints():
    yield Datapoint("soc", "%", label="State of charge")
    yield Datapoint("reserve", "%", firmware=">=3.6", access="rw")


@hookimpl
def declare_decoders():
    yield Decoder("running", registers(0, u16("soc", scale=0.1)), firmware="<3.6")
    yield Decoder("running", registers(0, u16("soc", scale=0.4), u16("reserve")), firmware=">=3.6")


@hookimpl
def declare_commands():
    yield Command("set_reserve", modbus_write(registers(1, u16("reserve"))), firmware=">=3.6")


@hookimpl
def declare_products():
    return product_files(__file__)
"""
PRODUCT = """
id = "scaled"
name = "Scaled"
version = "1.0.0"
inverter = "inverters.scaled"
"""


def written(folder: Path) -> None:
    """Write the plugin below `folder`/plugins."""
    home = folder / "plugins" / Path(*NAME.split("."))
    (home / "products").mkdir(parents=True)
    (home / "__init__.py").write_text(SOURCE)
    (home / "products/scaled.toml").write_text(PRODUCT)
