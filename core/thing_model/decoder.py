"""Which layout a channel of a device speaks."""

from attrs import field, frozen

from core.thing_model.declaration import Declaration
from core.thing_model.layout.layouts import Layout


@frozen
class Decoder(Declaration):
    """The frames of `channel` have this layout, every `interval` seconds where that is known.

    A decoder for some `variants` or a `firmware` range comes before one for all. `sunspec` is the
    number of the SunSpec model that the frames hold, from its ID on: it has no fixed address, a
    gateway finds it by walking the chain of models.
    """

    channel: str
    layout: Layout = field(hash=False)
    interval: float | None = field(default=None, kw_only=True)
    sunspec: int | None = field(default=None, kw_only=True)
    doc: str = field(default="", kw_only=True)
