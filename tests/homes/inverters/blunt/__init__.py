"""An inverter that counts what it imports and knows no windows."""

from thingwright import Component, Datapoint, Decoder, hookimpl, product_files
from thingwright.layout import registers, u32


@hookimpl
def declare_components():
    yield Component("inverter", "Blunt")


@hookimpl
def declare_datapoints():
    yield Datapoint("imported", "kWh", role="grid.energy_imported")


@hookimpl
def declare_decoders():
    yield Decoder("counters", registers(0, u32("imported", scale=0.001)))


@hookimpl
def declare_products():
    return product_files(__file__)
