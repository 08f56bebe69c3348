"""A simulated device that is heard by a portal's own services, as by the broker."""

from datetime import UTC, datetime

import msgspec

from core.runtime import topics
from core.runtime.clock import now
from core.runtime.envelope import Envelope
from core.runtime.ingest import Ingest
from core.runtime.transport import Message
from core.simulation.system import SimulatedSystem
from portal.services import Services
from tests.ingest.bench import Desk


async def speak(services: Services, sn: str, model: str) -> None:
    """It announces itself, and sends a frame on each channel of its product model."""
    product = services.registry.product(model)
    assert product is not None
    device = SimulatedSystem(sn, services.registry.system(product))
    ingest = Ingest(services.registry, services.database, Desk(), None, now)
    said = msgspec.json.encode({"online": True, "product_model": model, "timezone": "UTC"})
    messages = [Message(topics.presence(sn), said, None)]
    for sequence, (slot, channel, body) in enumerate(device.frames(datetime.now(UTC)), 1):
        payload = Envelope(1, sequence, now(), body).pack()
        messages.append(Message(topics.frame(sn, slot, channel), payload, None))
    await ingest.take(messages)
