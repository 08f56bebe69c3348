"""What the portal says to those who watch it."""

import attrs
from litestar.testing import AsyncTestClient
from prometheus_client.parser import text_string_to_metric_families

from core.runtime.database import Database
from core.runtime.heart import Heart
from core.runtime.ingest import Ingest
from core.runtime.settings import Settings
from portal.app import create_app
from portal.pages.health import _is_loopback
from tests.ingest.bench import Desk
from tests.portal import unseen
from tests.portal.conftest import Site

TOKEN = {"authorization": "Bearer secret"}


async def test_healthz_names_conditions_by_code_only(stranger: Site) -> None:
    said = (await stranger.client.get("/healthz")).json()
    assert said["level"] == "critical"
    assert said["conditions"] == ["ingest_silent", "worker_silent", "plugins_left_out"]
    await _beat(stranger, "ingest")
    await _beat(stranger, "worker")
    said = (await stranger.client.get("/healthz")).json()
    assert (said["level"], said["conditions"]) == ("warning", ["plugins_left_out"])


async def test_a_database_that_is_away_is_a_condition(stranger: Site) -> None:
    settings = stranger.app.state.services.settings
    away = Database(settings.database_url)
    async with AsyncTestClient(create_app(settings, stranger.registry, away, feed=False)) as client:
        answer = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["conditions"] == ["database_away"]


async def test_metrics_need_the_token_or_this_machine(stranger: Site) -> None:
    assert (await stranger.client.get("/metrics")).status_code == 403
    async with _guarded(stranger) as client:
        assert (await client.get("/metrics")).status_code == 403
        wrong = {"authorization": "Bearer secrets"}
        assert (await client.get("/metrics", headers=wrong)).status_code == 403
        assert (await client.get("/metrics", headers=TOKEN)).status_code == 200
    assert _is_loopback("127.0.0.1")
    assert _is_loopback("::1")
    assert not _is_loopback("10.0.0.1")
    assert not _is_loopback("testclient")


async def test_metrics_say_what_processes_report(stranger: Site) -> None:
    ingest = Ingest(stranger.registry, stranger.database, Desk(), None, stranger.clock)
    await stranger.register()
    await stranger.hear(unseen.frame())
    await stranger.hear(b"x", "wrong")
    ingest.figures.begin(stranger.clock.now - 40)
    ingest.figures.end(7, _nothing(), stranger.clock.now)
    ingest.counts.update(taken=6, undecodable=1)
    await _beat(stranger, "ingest", ingest)
    async with _guarded(stranger) as client:
        answer = await client.get("/metrics", headers=TOKEN)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    by_name = {name[0]: value for name, value in found.items()}
    assert by_name["thingwright_ingest_messages_total"] == 7
    assert by_name["thingwright_ingest_acknowledged_after_seconds"] == 0.04
    outcomes = [k for k in found if k[0] == "thingwright_ingest_outcomes_total"]
    assert sorted(found[k] for k in outcomes) == [1, 6]
    assert by_name["thingwright_disk_total_bytes"] > 0


def _nothing():
    from core.telemetry.latest import Changes

    return Changes()


async def _beat(site: Site, kind: str, ingest: Ingest | None = None) -> None:
    figures = ingest.figures.said if ingest else dict
    registry = site.registry if kind == "ingest" else None
    data = site.app.state.services.settings.data
    await Heart(site.database, kind, "1", data, figures, registry, site.clock).beat()


def _guarded(site: Site) -> AsyncTestClient:
    settings: Settings = attrs.evolve(site.app.state.services.settings, metrics_token="secret")
    app = create_app(settings, site.registry, site.database, clock=site.clock, feed=False)
    return AsyncTestClient(app)
