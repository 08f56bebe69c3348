"""Frames on disk before they are sent, and what became of commands: survives kill and power loss.

SQLite in WAL mode with synchronous=FULL: a commit is on the disk when it returns. A frame has its
place and its header from the moment it is stored; sending only marks it. What has been sent stays
for a while, so that a gap can be sent again.

Two limits, both said in records of the log and counted, never silent:
- frames not sent above `max_bytes`: the oldest frames go, answers to commands and log lines stay;
- a disk that is full: what was read at that moment is lost, reading goes on at the next turn.
"""

import secrets
import sqlite3
import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, cast

from attrs import define, field, frozen

from core.thing_model.messages import Acknowledgement, AckStatus

Kind = Literal["frame", "log", "ack"]

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS boots (boot_id INTEGER PRIMARY KEY, began INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, slot TEXT NOT NULL,
    channel TEXT NOT NULL, boot_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
    device_time INTEGER NOT NULL, body BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0,
    UNIQUE (boot_id, sequence));
CREATE INDEX IF NOT EXISTS unsent ON entries (id) WHERE NOT sent;
CREATE TABLE IF NOT EXISTS commands (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, detail TEXT NOT NULL, time INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
COLUMNS: Final = "id, kind, slot, channel, boot_id, sequence, device_time, body"
OVERHEAD: Final = 120
"""Bytes that an entry takes beside its body, about."""
SIZE: Final = "SELECT coalesce(sum(length(body) + 120), 0) FROM entries WHERE sent = ?"
COMMANDS_KEPT: Final = 10_000


class OutboxError(Exception):
    """Something cannot be stored; says where, why and how to mend it."""


@frozen
class Note:
    """Something to be sent: a frame of a channel, a line of a slot's log, an answer."""

    kind: Kind
    slot: str
    channel: str
    time: int
    body: bytes


@frozen
class Entry:
    """Something stored, with the header it keeps for good."""

    id: int
    kind: Kind
    slot: str
    channel: str
    boot_id: int
    sequence: int
    device_time: int
    body: bytes


@define(eq=False)
class Outbox:
    """The file. Every method may be called from any thread, one at a time gets in.

    `dropped` counts frames that were given up unsent since the file was made.
    """

    path: Path
    max_bytes: int = 512 << 20
    keep_bytes: int = 64 << 20
    boot_id: int = field(init=False, default=0)
    sequence: int = field(init=False, default=0)
    dropped: int = field(init=False, default=0)
    waiting: int = field(init=False, default=0)
    kept: int = field(init=False, default=0)
    _connection: sqlite3.Connection = field(init=False)
    _lock: threading.RLock = field(init=False, factory=threading.RLock)

    def open(self, now: int) -> None:
        """Open or make the file and begin a boot of its own; raises OutboxError."""
        try:
            self._connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=1
            )
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "locking_mode = EXCLUSIVE"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(SCHEMA)
        except sqlite3.Error as error:
            raise OutboxError(_unusable(self.path, error)) from error
        self._begin(now)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def append(self, notes: Iterable[Note]) -> list[Entry]:
        """Store in order, each with the next sequence; on the disk when it returns."""
        added: list[Entry] = []
        with self._transaction() as cursor:
            for note in notes:
                sequence = self.sequence + len(added) + 1
                row = (
                    note.kind, note.slot, note.channel, self.boot_id, sequence, note.time,
                    note.body,
                )  # fmt: skip
                cursor.execute(
                    "INSERT INTO entries (kind, slot, channel, boot_id, sequence, device_time, "
                    "body) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    row,
                )
                added.append(Entry(cast("int", cursor.lastrowid), *row))
        self.sequence += len(added)
        self.waiting += sum(map(_size, added))
        return added

    def last(self) -> int:
        """The id of what was stored last."""
        return self._number("SELECT coalesce(max(id), 0) FROM entries")

    def unsent(self, *, after: int = 0, upto: int = 1 << 62, limit: int = 200) -> list[Entry]:
        """What is to be sent, oldest first, with ids above `after` and at most `upto`."""
        with self._lock:
            rows = self._connection.execute(
                f"SELECT {COLUMNS} FROM entries WHERE NOT sent AND id > ? AND id <= ? "  # noqa: S608
                "ORDER BY id LIMIT ?",
                (after, upto, limit),
            ).fetchall()
        return [Entry(*row) for row in rows]

    def sent(self, entries: Sequence[Entry]) -> None:
        """The broker has them; the oldest of what was sent is forgotten above `keep_bytes`."""
        with self._transaction() as cursor:
            cursor.executemany(
                "UPDATE entries SET sent = 1 WHERE id = ?", [(e.id,) for e in entries]
            )
        size = sum(map(_size, entries))
        self.waiting, self.kept = max(0, self.waiting - size), self.kept + size
        if self.kept > self.keep_bytes:
            self.kept -= self._delete("sent", self.kept - self.keep_bytes)[1]

    def again(self, boot_id: int, first: int, last: int) -> list[Entry]:
        """What is still here of a gap, for sending it again."""
        with self._lock:
            rows = self._connection.execute(
                f"SELECT {COLUMNS} FROM entries WHERE boot_id = ? "  # noqa: S608
                "AND sequence BETWEEN ? AND ? ORDER BY sequence",
                (boot_id, first, last),
            ).fetchall()
        return [Entry(*row) for row in rows]

    def shrink(self) -> int:
        """Drop the oldest unsent frames above `max_bytes`; how many, 0 as a rule."""
        if self.waiting <= self.max_bytes:
            return 0
        count, size = self._delete("NOT sent AND kind = 'frame'", self.waiting - self.max_bytes)
        self.waiting -= size
        self.dropped += count
        with self._transaction() as cursor:
            cursor.execute("INSERT OR REPLACE INTO counters VALUES ('dropped', ?)", (self.dropped,))
        return count

    def command(self, id_: str) -> Acknowledgement | None:
        """What was last answered to a command; None if it never came."""
        with self._lock:
            row = self._connection.execute(
                "SELECT status, detail FROM commands WHERE id = ?", (id_,)
            ).fetchone()
        return Acknowledgement(id_, cast("AckStatus", row[0]), row[1]) if row else None

    def unfinished(self) -> list[str]:
        """Commands without a result: those at which the collector was ended."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id FROM commands WHERE status IN ('accepted', 'running') ORDER BY time"
            ).fetchall()
        return [row[0] for row in rows]

    def answer(self, said: Acknowledgement, now: int, note: Note) -> None:
        """Keep how a command is getting on together with the message that says so."""
        with self._transaction() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO commands VALUES (?, ?, ?, ?)",
                (said.id, said.status, said.detail, now),
            )
            cursor.execute(
                "DELETE FROM commands WHERE id IN (SELECT id FROM commands ORDER BY time DESC "
                "LIMIT -1 OFFSET ?)",
                (COMMANDS_KEPT,),
            )
            self.append([note])

    def _begin(self, now: int) -> None:
        """A boot id that this file has never had, so that no header comes twice."""
        with self._transaction() as cursor:
            cursor.execute("SELECT boot_id FROM boots")
            known = {row[0] for row in cursor.fetchall()}
            while not self.boot_id or self.boot_id in known:
                self.boot_id = secrets.randbits(32)
            cursor.execute("INSERT INTO boots VALUES (?, ?)", (self.boot_id, now))
        self.waiting, self.kept = (self._number(SIZE, (sent,)) for sent in (0, 1))
        self.dropped = self._number("SELECT coalesce(sum(value), 0) FROM counters")

    def _delete(self, which: str, size: int) -> tuple[int, int]:
        """Delete the oldest until `size` bytes are gone; how many, and their bytes."""
        with self._transaction() as cursor:
            cursor.execute(f"SELECT id, length(body) FROM entries WHERE {which} ORDER BY id")  # noqa: S608
            gone: list[int] = []
            freed = 0
            for id_, length in cursor:
                if freed >= size:
                    break
                gone.append(id_)
                freed += length + OVERHEAD
            cursor.executemany("DELETE FROM entries WHERE id = ?", [(id_,) for id_ in gone])
        return len(gone), freed

    def _number(self, query: str, given: tuple[int, ...] = ()) -> int:
        with self._lock:
            return int(self._connection.execute(query, given).fetchone()[0])

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Cursor, None, None]:
        """One transaction, committed to disk; one inside another joins it. Raises OutboxError."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection.cursor()
                return
            try:
                with self._connection:
                    self._connection.execute("BEGIN IMMEDIATE")
                    yield self._connection.cursor()
            except sqlite3.Error as error:
                raise OutboxError(_unusable(self.path, error)) from error


def _size(entry: Entry) -> int:
    return len(entry.body) + OVERHEAD


def _unusable(path: Path, error: sqlite3.Error) -> str:
    hints = {
        "database or disk is full": "make room on the disk, or lower outbox.max_mb",
        "database is locked": "another collector has it: end that one",
        "unable to open database file": "the folder must be there and writable",
    }
    hint = next((h for said, h in hints.items() if said in str(error)), "look at the disk")
    return f"{path}: {error}: {hint}"
