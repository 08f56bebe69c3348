"""Stores notes as fast as it can and prints what is stored, until it is killed."""

import sys
from pathlib import Path

from core.runtime.collector.outbox import Note, Outbox

outbox = Outbox(Path(sys.argv[1]))
outbox.open(0)
number = 0
while True:
    notes = [Note("frame", "inverter", "running", number + n, b"x" * 300) for n in range(5)]
    number += 5
    for _entry in outbox.append(notes):
        pass
    sys.stdout.flush()
    if number % 3 == 0:
        outbox.sent(outbox.unsent(limit=3))
