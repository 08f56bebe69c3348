"""The worker process: sends commands, watches over the fleet, and keeps the store in shape."""

import asyncio
from contextlib import AsyncExitStack

from core.host import load
from core.notifications import words
from core.notifications.composing import Composer
from core.notifications.words import Say
from core.runtime import bus
from core.runtime.account_sweep import AccountSweep
from core.runtime.asking import Asker
from core.runtime.daily import Daily
from core.runtime.database import Database
from core.runtime.heart import Heart
from core.runtime.housekeeping import Housekeeper, Keeping
from core.runtime.notifier import Notifier
from core.runtime.outbox import Outbox
from core.runtime.product_watch import ProductWatch
from core.runtime.reminding import Reminders
from core.runtime.settings import Settings
from core.runtime.sweeper import Sweeper


async def run_worker(settings: Settings, say: Say = words.english) -> None:
    """Work until cancelled, or until one of its parts fails. `say` translates its messages."""
    database = Database(settings.database_url)
    products = ProductWatch(load(settings.plugins), database)
    async with AsyncExitStack() as stack:
        await database.open()
        stack.push_async_callback(database.close)
        await products.look()
        daily = Daily(products.registry, database)
        composer = Composer(products.registry, settings.portal_url, say)
        reminders = Reminders(database, composer)
        notifier = Notifier(database, settings.mail, settings.seal, settings.notify_private)
        publisher = await stack.enter_async_context(bus.publisher(settings, "worker", "outbox"))
        asking = await stack.enter_async_context(bus.publisher(settings, "worker", "asker"))
        async with asyncio.TaskGroup() as group:
            group.create_task(Outbox(database, publisher).run())
            group.create_task(Asker(database, asking).run())
            group.create_task(Sweeper(database).run())
            group.create_task(daily.run())
            group.create_task(products.run(daily.adopt, reminders.adopt))
            group.create_task(reminders.run())
            group.create_task(notifier.run())
            group.create_task(AccountSweep(database).run())
            group.create_task(Housekeeper(database, keeping(settings)).run())
            group.create_task(Heart(database, "worker", "1", settings.data).run())


def keeping(settings: Settings) -> Keeping:
    """How long this installation keeps frames and messages."""
    return Keeping(settings.hot_days, settings.retention_days, settings.notification_days)
