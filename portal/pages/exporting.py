"""Taking data out: which systems, which days, which datapoints, and in which format."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from attrs import frozen
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from core.access import Access
from core.exports import requests, taking
from core.exports.datasets import DATASETS
from core.exports.requests import MOST_SYSTEMS, DataRequest
from core.exports.taking import Plan
from core.fleet.search import sns_in
from core.jobs import jobs
from core.jobs.jobs import Task
from core.records import RequestError
from core.thing_model.problems import Problem
from portal.presentation.exports import Group, groups_of
from portal.presentation.period import site_date
from portal.rendering import render_page
from portal.resource.choosing import chosen_sns
from portal.resource.editing import typed_in
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, address_of, needs
from portal.texts import N_, _, translated

GUARDS: Final = [needs("telemetry:export"), needs("exports:create")]
FORMATS: Final = {
    "csv": N_("CSV, for spreadsheets"),
    "jsonl": N_("JSON Lines, for programs"),
    "parquet": N_("Parquet, for analysis"),
}
KINDS: Final = {
    "five-minutes": N_("Five-minute data"),
    "energy-summary": N_("Energy summary, by days"),
    "energy-details": N_("Energy details, by hours"),
    "readings": N_("Readings"),
}


@frozen
class Counter:
    """A page where data is asked for: what it is about, and the datasets one can choose from."""

    id: str
    title: str
    lead: str
    datasets: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"/data/{self.id}"


COUNTERS: Final = (
    Counter(
        "readings",
        N_("Readings export"),
        N_(
            "Every value of chosen datapoints as the devices sent it, frame by frame: of "
            "inverters, batteries, meters and the parts of commercial systems alike. Implausible "
            "values are left out."
        ),
        ("readings",),
    ),
    Counter(
        "reports",
        N_("Reports export"),
        N_("The energy of systems by hours or days, each by the clock of its site."),
        ("energy-summary", "energy-details"),
    ),
    Counter(
        "five-minutes",
        N_("Five-minute data export"),
        N_(
            "Powers and states of charge in steps of five minutes: mean, least and most, in the "
            "house's sign: batteries charge and the grid is bought from where it is positive."
        ),
        ("five-minutes",),
    ),
)


@frozen(eq=False)
class Desk:
    """Who asks for what at which counter."""

    request: Request[Any, Any, Any]
    services: Services
    access: Access
    counter: Counter
    typed: Mapping[str, str]
    points: Sequence[str] = ()

    def page(
        self, groups: Sequence[Group] = (), problems: Sequence[Problem] = (), status: int = 200
    ) -> Response[str]:
        """The form with what was typed; `groups` are the datapoints to choose from."""
        context = {
            "counter": self.counter,
            "typed": self.typed,
            "points": self.points,
            "groups": groups,
            "problems": problems,
            "formats": FORMATS,
            "kinds": {name: KINDS[name] for name in self.counter.datasets},
            "most_days": {name: DATASETS[name].most_days for name in self.counter.datasets},
        }
        title = translated(self.counter.title)
        return render_page(self.request, "exporting.html.jinja", title, context, status)

    async def wanted(self) -> DataRequest:
        """What was typed as a request; raises RequestError."""
        sns = await chosen_sns(
            self.services,
            self.access,
            sns_in(self.typed.get("sns", "")),
            self.typed.get("systems", ""),
            (MOST_SYSTEMS, _("ask in several parts")),
        )
        said = {**self.typed, "sns": " ".join(sns), "points": " ".join(self.points)}
        wanted = requests.read_request(said)
        if wanted.dataset not in self.counter.datasets:
            raise RequestError(Problem("dataset", _("none is chosen"), _("choose one")))
        return wanted


def routes(counter: Counter) -> list[HTTPRouteHandler]:
    """The form of a counter, and what takes it in."""

    @get(counter.path, guards=GUARDS, include_in_schema=False, name=f"data:{counter.id}")
    async def form(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Response[str]:
        today = site_date(services.clock(), "")
        typed = {
            "dataset": counter.datasets[0],
            "from": (today - timedelta(days=1)).isoformat(),
            "to": today.isoformat(),
            "format": "csv",
            "sns": "",
            "systems": "",
            **request.query_params,
        }
        return Desk(request, services, access, counter, typed).page()

    @post(counter.path, guards=GUARDS, include_in_schema=False, status_code=200)
    async def ask(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Response[Any]:
        lists = await typed_in(request)
        typed = dict.fromkeys(("sns", "systems", "from", "to", "format", "dataset"), "")
        typed |= {name: values[-1].strip() for name, values in lists.items()}
        desk = Desk(request, services, access, counter, typed, lists.get("points", ()))
        groups: list[Group] = []
        try:
            wanted = await desk.wanted()
            async with services.database.read() as connection:
                found = await taking.systems_of(connection, services.registry, access, wanted)
                if DATASETS[wanted.dataset].chosen:
                    groups = groups_of(taking.distinct(found))
                    if not wanted.points and "choosing" not in typed:
                        return desk.page(groups)
                plan = taking.plan_of(wanted, found)
        except RequestError as error:
            return desk.page(groups, error.problems, 422)
        return await _queued(desk, plan)

    return [form, ask]


async def _queued(desk: Desk, plan: Plan) -> Response[Any]:
    """Hand it to the worker, and go to where its progress is shown."""
    dataset = plan.request.dataset
    task, services = Task(plan.request.query()), desk.services
    async with services.database.begin() as connection:
        made = await jobs.ask(
            connection,
            desk.access,
            ("data", dataset, KINDS[dataset], task),
            plan.total,
            services.clock(),
            address_of(desk.request),
        )
    return Redirect(f"/jobs/{made}", status_code=303)


ROUTES: Final = [route for counter in COUNTERS for route in routes(counter)]
