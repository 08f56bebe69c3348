"""SunSpec: models of inverters, meters, storage and grid support, from the alliance's tables.

A channel is one model, `model_103`: its registers as they stand in the device, high byte first,
from the point ID on. There is no Modbus around them, because one answer holds at most 125 registers
and a long model takes several; the gateway finds the models by walking from "SunS" and joins what
it reads. ID and L are the head of the frame, not readings: another model, or one that is shorter
than its L, is refused.

Keys are the names of the points. Models that stand side by side in one device get a prefix in
`models.csv` (`mppt_DCA`). The inverter models 101 to 113 share names without one: a device has one
of them, and W is W in all. So a further model never renames what is there. Elements of a repeated
group are numbered from 1: `mppt_module2_DCW`.

A meter or battery may stand among the models of the inverter, or be a device of its own: then the
product model mounts this plugin a second time. Which way a meter's or battery's power counts is not
said in the table, so it has no role; its counters have.

Models that are not in the table, such as a maker's own, are read from the JSON files of the folder
that THINGWRIGHT_SUNSPEC_MODELS names. Their keys begin with the name of the model.
"""

from collections.abc import Iterable
from pathlib import Path

from plugins.inverters.sunspec.model_files import further_models
from plugins.inverters.sunspec.models import Model, read_models
from thingwright import Component, Datapoint, Decoder, Fault, Source, hookimpl, product_files


def models() -> list[Model]:
    """The models of the tables, and those of the folder with further ones."""
    known = read_models(Path(__file__).parent)
    return [*known, *further_models({model.number for model in known})]


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "sunspec_models",
        "SunSpec Alliance, information model definitions",
        "A-",
        "github.com/sunspec/models at 7abdf898, json/model_*.json",
        "Apache-2.0",
    )
    yield Source(
        "pysunspec2", "SunSpec Python tools 1.3.7", "B", "pypi.org/project/pysunspec2", "Apache-2.0"
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "SunSpec inverter")
    yield Component("meter", "SunSpec meter", "meter")
    yield Component("battery", "SunSpec battery", "battery")


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    for model in models():
        number = model.number
        yield Decoder(f"model_{number}", model.layout(), sunspec=number, doc=model.row["label"])


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return {row.key: row for model in models() for row in model.datapoints()}.values()


@hookimpl
def declare_faults() -> Iterable[Fault]:
    """Alarms are critical; events are warnings, because nobody says how severe they are."""
    return {row.code: row for model in models() for row in model.faults()}.values()


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
