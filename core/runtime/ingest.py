"""From the broker to the store: every message is either taken in or kept as a dead letter.

The way of a batch:

1. topics are read; systems are looked up by serial number in the `Directory`;
2. birth messages register devices that are not known yet, in a transaction of their own;
3. frames are decoded, logs, acknowledgements and presence are read (`sorting`);
4. one transaction keeps frames, latest readings, implausible values, faults, log records, what
   devices say of their commands, and the dead letters;
5. after the commit the batch is acknowledged to the broker, and what changed goes to the live feed.

A kill at any point loses nothing and doubles nothing: what was not acknowledged comes again, and
what was stored before is recognised by its identity. While the database does not answer, the batch
waits. A batch that the database refuses is taken message by message, so that one that cannot be
stored becomes a dead letter and the others are kept.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from attrs import define, field
from sqlalchemy.exc import SQLAlchemyError

from core.commanding import commands
from core.commanding.states import TransitionError
from core.fleet import systems
from core.journal import faults, logs
from core.registry import Registry
from core.runtime.arrivals import Registrar
from core.runtime.clock import Clock
from core.runtime.database import Database, is_refusal
from core.runtime.directory import Directory
from core.runtime.feed import Feed
from core.runtime.mqtt_link import Backoff
from core.runtime.sorting import (
    Heard,
    RejectionError,
    Sorted,
    read_presence,
    read_topics,
    rejected,
    sort,
)
from core.runtime.transport import Consumer, Message
from core.telemetry import dead_letters, frames, latest
from core.telemetry.dead_letters import DeadLetter, Rejected, digest
from core.telemetry.latest import Changes

LOGGER = logging.getLogger(__name__)
