"""A consumer that dies: commits each message to a file, acknowledges, and ends at a count.

Arguments: port, file, count. It kills itself with SIGKILL while a batch is in its hands.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from core.runtime.mqtt import MqttConsumer
from core.runtime.mqtt_login import BrokerAddress


async def consume(port: int, file: Path, count: int) -> None:
    consumer = MqttConsumer(BrokerAddress("127.0.0.1", port), "ingest-1", ["ess/+/up/frame/+/+"])
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


asyncio.run(consume(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
