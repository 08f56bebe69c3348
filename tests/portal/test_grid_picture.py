"""Pictures of grid specifications: what is drawn where, and how doubt shows."""

import importlib
import pkgutil
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from attrs import evolve

import plugins.grid_specs
from core.host import Host
from core.plugin import Plugin
from core.thing_model.grid_spec import GridSpec
from portal.presentation.catalogue import grid_spec_document
from portal.presentation.charts import Axis, Chart, scale
from portal.presentation.grid_picture import (
    LABEL_STEP,
    TRIP_BOX,
    GridPicture,
    grid_picture,
    starts_after,
)
from portal.rendering import ENVIRONMENT


def declared() -> dict[str, tuple[Plugin, GridSpec]]:
    host = Host(strict=True)
    for module in pkgutil.iter_modules(plugins.grid_specs.__path__):
        name = f"grid_specs.{module.name}"
        host.register(name, importlib.import_module(f"plugins.{name}"), "built in")
    return {
        spec.id: (plugin, spec) for plugin in host.plugins.values() for spec in plugin.grid_specs
    }


DECLARED = declared()


def picture(id_: str) -> GridPicture:
    return grid_picture(*DECLARED[id_])


def rendered(id_: str) -> str:
    plugin, spec = DECLARED[id_]
    document = grid_spec_document(plugin, spec)
    template = ENVIRONMENT.get_template("grid_spec.html.jinja")
    return template.render(spec=document, grid_pictures={id_: grid_picture(plugin, spec)})


def test_time_is_drawn_by_decades() -> None:
    axis = Axis(0.01, 1000, 0, 500, decades=True)
    assert [axis.at(time) for time in (0.01, 0.1, 1, 1000)] == [0, 100, 200, 500]
    assert axis.at(0) == 0
    assert axis.at(5000) == 500


def test_an_axis_has_room_and_round_places() -> None:
    low, high, ticks = scale([184, 230, 287.5])
    assert low < 184
    assert high > 287.5
    assert ticks == [175, 200, 225, 250, 275]
    assert scale([0, 100])[0] == 0
    low, high, ticks = scale([50])
    assert low < 50 < high
    assert ticks


def test_a_stage_acts_from_its_time_on_beyond_its_value() -> None:
    voltage, frequency = picture("de_vde_ar_n_4105_2018").trips
    assert (voltage.title, frequency.title) == ("Voltage and time", "Frequency and time")
    x = Axis(0.01, 1000, TRIP_BOX.left, TRIP_BOX.right, decades=True)
    uv1, ov1, uv2, mean = voltage.marks
    assert [mark.above for mark in voltage.marks] == [False, True, False, True]
    assert [uv1.x, ov1.x, uv2.x, mean.x] == [x.at(3), x.at(0.1), x.at(0.3), x.at(600)]
    assert TRIP_BOX.top < ov1.y < mean.y < uv1.y < uv2.y < TRIP_BOX.bottom
    corners = voltage.areas[0].points.split()
    assert corners[0] == f"{uv1.x:g},{uv1.y:g}"
    assert corners[2] == f"{TRIP_BOX.right:g},{TRIP_BOX.bottom:g}"


def test_a_mean_of_ten_minutes_acts_after_ten_minutes() -> None:
    limits = {limit.protection: limit for limit in DECLARED["it_cei_0_21_2019"][1].limits}
    assert starts_after(limits["ov1_59s1_10min"]) == 603
    assert starts_after(limits["ov2_59s2"]) == 0.2
    limits = {limit.protection: limit for limit in DECLARED["pl_pn_en_50549_1_2019"][1].limits}
    assert starts_after(limits["ov_10min"]) == 600
    (label,) = [t for t in picture("it_cei_0_21_2019").trips[0].labels if "mean" in t.text]
    assert label.text == "ov1 59s1 253 V, 10 min mean + 3 s, unverified"


def test_a_stage_without_time_is_a_line() -> None:
    older = picture("it_cei_0_21_older")
    assert older.untimed
    voltage, frequency = older.trips
    assert len(voltage.areas) == 1
    assert frequency.areas == ()
    assert not any(mark.timed for mark in frequency.marks)
    assert "of2 81os2 51.5 Hz, time not stated" in [label.text for label in frequency.labels]
    assert rendered("it_cei_0_21_older").count('class="grid-untimed"') == 8
    assert not picture("us_ca_rule21").untimed


def test_what_nobody_read_is_hatched_and_says_so() -> None:
    region = picture("au_as4777_2_2020_b")
    assert all(area.doubtful for chart in region.trips for area in chart.areas)
    volt_var, volt_watt = region.curves
    assert (volt_var.doubtful, volt_watt.doubtful) == (False, True)
    html = rendered("au_as4777_2_2020_b")
    assert html.count('class="tag doubtful">unverified<') == 3
    assert "(unverified)" in region.trips[0].sentence
    assert 'class="tag doubtful"' not in rendered("pl_pn_en_50549_1_2019")


def test_what_was_read_lies_over_what_was_not() -> None:
    for id_ in DECLARED:
        for chart in picture(id_).trips:
            doubts = [area.doubtful for area in chart.areas]
            assert doubts == sorted(doubts, reverse=True)


def test_curves_have_their_points_units_and_nominal() -> None:
    volt_watt, volt_var, by_settings = picture("pl_pn_en_50549_1_2019").curves
    assert (volt_watt.x_title, volt_watt.y_title) == ("Voltage in V", "%Prated")
    assert volt_watt.nominal is None
    assert volt_var.nominal is not None
    assert len(volt_var.dots) == 4
    assert "213.9 V gives 30" in volt_var.sentence
    assert by_settings.title == "Frequency watt (from its settings)"
    assert "50.2 Hz gives 0, 52 Hz gives \u221272" in by_settings.sentence


def test_settings_make_a_frequency_curve_only_where_they_say_how_steep() -> None:
    (curve,) = [c for c in picture("us_ieee1547_2018_cat1").curves if "settings" in c.title]
    assert "62 Hz gives \u221265.467" in curve.sentence
    assert "gives 100" in curve.sentence
    titles = [c.title for c in picture("au_as4777_2_2020_a").curves]
    assert titles == ["Volt var", "Volt watt"]


@pytest.mark.parametrize("value", [0.0, -40.0, "steep", True])
@pytest.mark.parametrize("name", ["over_start", "slope"])
def test_settings_that_make_no_sense_make_no_curve(name: str, value: float | str) -> None:
    plugin, spec = DECLARED["de_vde_ar_n_4105_2018"]
    assert len(grid_picture(plugin, spec).curves) == 2
    spoilt = tuple(evolve(p, value=value) if p.name == name else p for p in spec.parameters)
    assert len(grid_picture(plugin, evolve(spec, parameters=spoilt)).curves) == 1


def test_settings_beyond_every_stage_make_no_curve() -> None:
    plugin, spec = DECLARED["de_vde_ar_n_4105_2018"]
    late = tuple(evolve(p, value=55.0) if p.name == "over_start" else p for p in spec.parameters)
    assert len(grid_picture(plugin, evolve(spec, parameters=late)).curves) == 1


def test_a_specification_that_says_nothing_has_no_picture() -> None:
    plugin, spec = DECLARED["de_vde_ar_n_4105_2018"]
    bare = evolve(spec, limits=(), parameters=(), curves=())
    assert grid_picture(plugin, bare) == GridPicture((), ())


@pytest.mark.parametrize("id_", DECLARED)
def test_every_stage_has_words_that_do_not_cover_each_other(id_: str) -> None:
    _, spec = DECLARED[id_]
    charts = picture(id_).trips
    assert sum(len(chart.labels) for chart in charts) == len(spec.limits)
    for chart in charts:
        places = [label.at for label in chart.labels]
        assert all(b - a >= LABEL_STEP - 0.1 for a, b in pairwise(places))
        assert chart.box.top <= places[0]
        assert places[-1] <= chart.box.bottom


@pytest.mark.parametrize("id_", DECLARED)
def test_everything_lies_inside_its_chart(id_: str) -> None:
    shown = picture(id_)
    for chart in (*shown.trips, *shown.curves):
        for x, y in places(chart):
            assert chart.box.left <= x <= chart.box.right
            assert chart.box.top <= y <= chart.box.bottom


def places(chart: Chart) -> list[tuple[float, float]]:
    told = [area.points for area in chart.areas] + [chart.line]
    pairs = [pair.split(",") for points in told for pair in points.split()]
    return [(float(x), float(y)) for x, y in pairs] + [(mark.x, mark.y) for mark in chart.marks]


@pytest.mark.parametrize("id_", DECLARED)
def test_markup_is_sound_and_has_no_style_of_its_own(id_: str) -> None:
    html = rendered(id_)
    root = ET.fromstring(f"<div>{html}</div>")
    assert "style" not in {name for element in root.iter() for name in element.attrib}
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)
    pictures = [e for e in root.iter("svg") if e.attrib.get("role") == "img"]
    assert pictures
    assert all(e.attrib["aria-label"].endswith(".") for e in pictures)
