"""How a plugin would like its values arranged: names of datapoints, never markup."""

from attrs import field, frozen

from core.thing_model.scope import names


@frozen
class View:
    """A card of the device page: a title and the datapoints on it, in order."""

    title: str
    datapoints: tuple[str, ...] = field(converter=names)
    doc: str = ""
