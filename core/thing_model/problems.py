"""Errors that say what is wrong, where, and how to mend it."""

from collections.abc import Iterable

from attrs import frozen


@frozen
class Problem:
    """One thing that is wrong with a declaration or a file, and the plugin it belongs to."""

    where: str
    what: str
    hint: str = ""
    plugin: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.hint})" if self.hint else "")


class ModelError(ValueError):
    """A declaration or file is refused as a whole; `problems` lists everything wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class DecodeError(ValueError):
    """A frame cannot be read.

    `datapoint` is the key it failed at ("frame" where it is the frame as a whole),
    `offset` the byte in the payload, `reason` a sentence.
    """

    def __init__(self, datapoint: str, offset: int, reason: str) -> None:
        self.datapoint, self.offset, self.reason = datapoint, offset, reason
        super().__init__(f"{datapoint} at byte {offset}: {reason}")

    def shifted(self, offset: int) -> "DecodeError":
        """The same error seen from a payload in which this frame starts at byte `offset`."""
        return DecodeError(self.datapoint, self.offset + offset, self.reason)


class EncodeError(ValueError):
    """A value cannot be said in the device's layout."""

    def __init__(self, datapoint: str, reason: str) -> None:
        self.datapoint, self.reason = datapoint, reason
        super().__init__(f"{datapoint}: {reason}")
