"""The public face of the thing-model engine. Plugins import this and nothing else of ours."""

from core import OWNER as _OWNER

if _OWNER != "thingwright":  # pragma: no cover  a foreign package of the same name
    raise ImportError("the package named 'core' on sys.path is not thingwright's; reorder the path")

from core.grid_tables import grid_tables
from core.hookspecs import hookimpl
from core.tables import RegisterTable, enumerations, fault_table, product_files, register_table
from core.thing_model.command import Command, WindowEdge
from core.thing_model.component import Component, Rating
from core.thing_model.datapoint import Datapoint, Enumeration, Symbol, total
from core.thing_model.decoder import Decoder
from core.thing_model.fault import Fault
from core.thing_model.function import Function, Parameter
from core.thing_model.grid_spec import ExportRule, GridCurve, GridLimit, GridParameter, GridSpec
from core.thing_model.logs import LogRule
from core.thing_model.problems import DecodeError, EncodeError, ModelError, Problem
from core.thing_model.product import ProductModel
from core.thing_model.provenance import Source
from core.thing_model.units import UNITS
from core.thing_model.view import View

__all__ = [
    "UNITS",
    "Command",
    "Component",
    "Datapoint",
    "DecodeError",
    "Decoder",
    "EncodeError",
    "Enumeration",
    "ExportRule",
    "Fault",
    "Function",
    "GridCurve",
    "GridLimit",
    "GridParameter",
    "GridSpec",
    "LogRule",
    "ModelError",
    "Parameter",
    "Problem",
    "ProductModel",
    "Rating",
    "RegisterTable",
    "Source",
    "Symbol",
    "View",
    "WindowEdge",
    "enumerations",
    "fault_table",
    "grid_tables",
    "hookimpl",
    "product_files",
    "register_table",
    "total",
]
