"""A worker that dies: commits each message to a file, acknowledges, and ends at a count.

Arguments: transport, port, name, file, count, `shared` or `alone`. It kills itself with SIGKILL
while a batch is in its hands.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from core.runtime.transport import Consumer
from tests.runtime.transports import TRANSPORTS


async def consume(consumer: Consumer, file: Path, count: int) -> None:
    done = 0
    async with consumer:
        async for batch in consumer.batches(max_size=20):
            if done >= count:
                os.kill(os.getpid(), signal.SIGKILL)
            with file.open("ab") as committed:
                committed.writelines(message.payload + b"\n" for message in batch)
                os.fsync(committed.fileno())
            await consumer.acknowledge(batch)
            done += len(batch)


transport, port, name, file, count, shared = sys.argv[1:]
worker = TRANSPORTS[transport](int(port), name, shared=shared == "shared")
asyncio.run(consume(worker, Path(file), int(count)))
