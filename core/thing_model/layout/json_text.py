"""Where in the text of a JSON document a value stands."""

from json import JSONDecodeError, JSONDecoder

from core.thing_model.layout.binary import Span
from core.thing_model.layout.paths import Place


def find(data: bytes, place: Place) -> Span | None:
    """The bytes of the value at a place; the document is known to be JSON."""
    document = data.decode()
    span = _Scan(document).find(0, place)
    if span is None or document.isascii():
        return span
    return len(document[: span[0]].encode()), len(document[: span[1]].encode())


class _Scan:
    """Finds where in a JSON text a value stands."""

    def __init__(self, document: str) -> None:
        self.document, self.decoder = document, JSONDecoder()

    def skip(self, at: int, characters: str = " \t\r\n") -> int:
        while at < len(self.document) and self.document[at] in characters:
            at += 1
        return at

    def end(self, at: int) -> int:
        try:
            return self.decoder.raw_decode(self.document, at)[1]
        except JSONDecodeError:
            return len(self.document)

    def find(self, at: int, path: Place) -> Span | None:
        at = self.skip(at)
        if not path:
            return at, self.end(at)
        opening = "[" if isinstance(path[0], int) else "{"
        if self.document[at] != opening:
            return None
        index, at = 0, self.skip(at + 1)
        while self.document[at] not in "]}":
            step: str | int = index
            if opening == "{":
                name, at = self.decoder.raw_decode(self.document, at)
                step, at = str(name).lower(), self.skip(at, " \t\r\n:")
            if step == path[0]:
                return self.find(at, path[1:])
            index, at = index + 1, self.skip(self.end(at), " \t\r\n,")
        return None
