"""Units as data. A datapoint with a unit that is not here is refused."""

from attrs import frozen


@frozen
class Unit:
    """A unit: the symbol of declarations, what people read, its quantity, and its UCUM code."""

    symbol: str
    shown: str
    quantity: str
    ucum: str


UNITS = {
    unit.symbol: unit
    for unit in (
        Unit("W", "W", "power", "W"),
        Unit("kW", "kW", "power", "kW"),
        Unit("VA", "VA", "apparent power", "V.A"),
        Unit("kVA", "kVA", "apparent power", "kV.A"),
        Unit("var", "var", "reactive power", "var"),
        Unit("kvar", "kvar", "reactive power", "kvar"),
        Unit("Wh", "Wh", "energy", "W.h"),
        Unit("kWh", "kWh", "energy", "kW.h"),
        Unit("MWh", "MWh", "energy", "MW.h"),
        Unit("VAh", "VAh", "apparent energy", "V.A.h"),
        Unit("kVAh", "kVAh", "apparent energy", "kV.A.h"),
        Unit("varh", "varh", "reactive energy", "var.h"),
        Unit("kvarh", "kvarh", "reactive energy", "kvar.h"),
        Unit("V", "V", "voltage", "V"),
        Unit("mV", "mV", "voltage", "mV"),
        Unit("A", "A", "current", "A"),
        Unit("mA", "mA", "current", "mA"),
        Unit("Ah", "Ah", "charge", "A.h"),
        Unit("Hz", "Hz", "frequency", "Hz"),
        Unit("%", "%", "ratio", "%"),
        Unit("%/s", "%/s", "rate", "%/s"),
        Unit("%/min", "%/min", "rate", "%/min"),
        Unit("pu", "p.u.", "ratio", "1"),
        Unit("degC", "°C", "temperature", "Cel"),
        Unit("deg", "°", "angle", "deg"),
        Unit("ms", "ms", "duration", "ms"),
        Unit("s", "s", "duration", "s"),
        Unit("min", "min", "duration", "min"),
        Unit("h", "h", "duration", "h"),
        Unit("d", "d", "duration", "d"),
        Unit("cycle", "cycles", "count", "{cycle}"),
        Unit("ohm", "Ω", "resistance", "Ohm"),
        Unit("mohm", "mΩ", "resistance", "mOhm"),
        Unit("kohm", "kΩ", "resistance", "kOhm"),
        Unit("Mohm", "MΩ", "resistance", "MOhm"),
        Unit("S", "S", "conductance", "S"),
        Unit("mV/degC", "mV/°C", "temperature coefficient", "mV/Cel"),
        Unit("dBm", "dBm", "signal strength", "dB[mW]"),
        Unit("rpm", "rpm", "rotation", "{rev}/min"),
        Unit("kg", "kg", "mass", "kg"),
        Unit("m", "m", "length", "m"),
        Unit("m/s", "m/s", "speed", "m/s"),
        Unit("m3", "m³", "volume", "m3"),
        Unit("W/m2", "W/m²", "irradiance", "W/m2"),
        Unit("hPa", "hPa", "pressure", "hPa"),
        Unit("kPa", "kPa", "pressure", "kPa"),
        Unit("lux", "lx", "illuminance", "lx"),
        Unit("ppm", "ppm", "concentration", "[ppm]"),
        Unit("ug/m3", "µg/m³", "concentration", "ug/m3"),
    )
}

FACTORS = {
    ("kW", "W"): 1000,
    ("W", "kW"): 0.001,
    ("Wh", "kWh"): 0.001,
    ("MWh", "kWh"): 1000,
    ("kWh", "Wh"): 1000,
    ("mV", "V"): 0.001,
    ("mA", "A"): 0.001,
}
"""(from, to) -> factor, for the units in which roles are kept."""


def factor(given: str, wanted: str) -> float | None:
    """What a value in one unit is multiplied by to be in another; None where that has no sense."""
    return 1 if given == wanted else FACTORS.get((given, wanted))
