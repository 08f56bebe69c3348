"""Messages that nobody could read: whole, with the reason, and a button to try again."""

from typing import Final

from litestar import post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from msgspec import Struct

from core.runtime import bus
from core.runtime.ingest import Ingest
from core.telemetry import dead_letters
from core.telemetry.dead_letters import HINTS, DeadLetter
from portal.presentation.frames import runs
from portal.services import TheServices
from portal.signing_in import needs
from portal.twins import Loaded, page

LIMIT: Final = 50
COLUMNS: Final = (
    "id", "topic", "sn", "plugin", "code", "reason", "hint", "times", "first_at", "last_at",
    "payload",
)  # fmt: skip


class DeadLetterDocument(Struct, frozen=True):
    """A message that could not be taken in; `payload` is hex, times are UTC milliseconds."""

    id: int
    topic: str
    sn: str
    plugin: str
    code: str
    reason: str
    hint: str
    times: int
    first_at: int
    last_at: int
    payload: str


class DeadLettersDocument(Struct, frozen=True):
    """Unresolved dead letters newest first; `counts` are those of all by code."""

    counts: dict[str, int]
    letters: list[DeadLetterDocument]
    next: int | None


async def list_dead_letters(
    services: TheServices,
    code: FromQuery[str] = "",
    sn: FromQuery[str] = "",
    before: FromQuery[int | None] = None,
) -> Loaded[DeadLettersDocument]:
    """Messages that could not be taken in, by code or serial number."""
    async with services.database.read() as connection:
        counts = await dead_letters.counts(connection)
        found = await dead_letters.page(
            connection, before=before, limit=LIMIT + 1, sn=sn, code=code
        )
    letters = [_document(letter) for letter in found[:LIMIT]]
    following = letters[-1].id if len(found) > LIMIT else None
    return Loaded(
        DeadLettersDocument(counts, letters, following),
        "Dead letters",
        rows=[[getattr(letter, name) for name in COLUMNS] for letter in letters],
        header=COLUMNS,
        view={"code": code, "sn": sn, "before": before, "hints": HINTS, "shown": _shown},
    )


def _document(letter: DeadLetter) -> DeadLetterDocument:
    known = {name: getattr(letter, name) for name in COLUMNS if name != "payload"}
    return DeadLetterDocument(**known, payload=letter.payload.hex())


def _shown(payload: str) -> str:
    """The bytes as text where they are that, else as hex."""
    return "".join(run.text for run in runs(bytes.fromhex(payload), ()))


@post(
    "/dead-letters/{letter:int}/replay",
    guards=[needs("dead_letters:replay")],
    include_in_schema=False,
)
async def replay(services: TheServices, letter: FromPath[int]) -> Redirect:
    """Take the message in once more, as if it had just come."""
    async with services.database.read() as connection:
        found = await dead_letters.by_ids(connection, [letter])
    if not found:
        raise NotFoundException(f"there is no dead letter {letter}")
    nothing = bus.listener(services.settings, "portal", "replay", ())
    taken = await Ingest(services.registry, services.database, nothing).replay(found)
    for each in found:
        services.hub.ring(each.sn)
    result = "taken" if taken else "refused"
    return Redirect(f"/dead-letters?replayed={result}", status_code=303)


ROUTES: Final = [
    *page(
        "/dead-letters",
        "dead_letters.html.jinja",
        list_dead_letters,
        permission="dead_letters:read",
    ),
    replay,
]
