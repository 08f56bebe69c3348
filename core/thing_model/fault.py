"""What can be wrong with a device, and how it says so."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from attrs import field, frozen, validators

from core.thing_model.declaration import Declaration
from core.thing_model.layout.fields import Value

Severity = Literal["info", "warning", "protection", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "protection", "critical")


@frozen
class Fault(Declaration):
    """A fault that a datapoint tells of: by one `bit` of it, or by being `equals` a number.

    A text tells of it by holding `names`, one of the texts with commas between them.

    `code` is our name of it, `label` what people read, `number` the vendor's own code.
    `doc` says what it means, `advice` what to do. "critical" stops the device from serving;
    "protection" is the device itself holding back or cutting off, to keep from harm.
    """

    datapoint: str
    code: str
    bit: int | None = field(default=None, kw_only=True)
    equals: int | None = field(default=None, kw_only=True)
    names: str | None = field(default=None, kw_only=True)
    label: str = field(default="", kw_only=True)
    number: str = field(default="", kw_only=True)
    severity: Severity = field(
        default="warning",
        kw_only=True,
        validator=validators.in_(SEVERITIES),
    )
    doc: str = field(default="", kw_only=True)
    advice: str = field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if [self.bit, self.equals, self.names].count(None) != 2:
            raise ValueError(f"fault {self.code!r} needs a bit, a number it equals or a text")

    @property
    def sign(self) -> str:
        """How the datapoint says it."""
        if self.bit is not None:
            return f"bit {self.bit}"
        return f"= {self.equals}" if self.names is None else f"says {self.names}"

    @property
    def name(self) -> str:
        return self.label or self.code.replace("_", " ")

    def raised(self, value: Value) -> bool:
        """Whether the datapoint's value says that this fault is present."""
        if self.names is not None:
            return isinstance(value, str) and self.names in value.split(", ")
        if not isinstance(value, int | float):
            return False
        if self.bit is not None:
            return bool(int(value) >> self.bit & 1)
        return value == self.equals


def raised(faults: Iterable[Fault], values: Mapping[str, Value]) -> tuple[Fault, ...]:
    """The faults that these values tell of, in declared order."""
    return tuple(fault for fault in faults if fault.raised(values.get(fault.datapoint)))
