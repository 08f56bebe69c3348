"""What the loaded plugins declare, as Markdown tables."""

from collections.abc import Iterable, Sequence
from typing import Any

from core.plugin import Plugin, scope_text
from core.registry import Registry
from core.thing_model.layout.layouts import layout_keys
from core.thing_model.logs import Template
from core.thing_model.plausibility import Range


def device_list(registry: Registry) -> str:
    """Plugins, product models, grid specifications and functions that ship."""
    plugins = [
        (
            f"[{p.name}]({p.name}.md)",
            ", ".join(c.label for c in p.components),
            *(_count(rows) for rows in (p.decoders, p.datapoints, p.faults, p.commands)),
            ", ".join(dict.fromkeys(s.confidence for s in p.sources if s.confidence)),
        )
        for p in registry.plugins.values()
    ]
    products = [
        (
            f"`{p.id}` {p.version}",
            p.name,
            ", ".join(f"{slot}: `{m.model}`" for slot, m in _first_slots(p.slots())),
            ", ".join(p.markets) or "all",
        )
        for p in registry.products.values()
    ]
    specs = [
        (f"`{g.id}`", g.name, g.edition, g.region, _count(g.limits), g.confidence)
        for g in registry.grid_specs.values()
    ]
    functions = [
        (f"`{f.id}`", f.kind, f.label, _names(f.commands), _names(f.codes), " ".join(f.countries))
        for f in registry.functions.values()
    ]
    headings = ("plugin", "parts", "channels", "datapoints", "faults", "commands", "confidence")
    return "\n".join(
        [
            "# Devices\n",
            "## Plugins\n",
            _table(headings, plugins),
            "## Product models\n",
            _table(("id", "name", "parts", "markets"), products),
            "## Grid specifications\n",
            _table(("id", "name", "edition", "region", "limits", "confidence"), specs),
            "## Functions\n",
            _table(("id", "kind", "name", "commands", "codes", "countries"), functions),
        ]
    )


def _names(given: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in given)


def _first_slots(slots: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    """One slot for each mounted part: battery1, not battery2 to battery6 as well."""
    seen: list[Any] = []
    for slot, mounted in slots:
        if not any(mounted is other for other in seen):
            seen.append(mounted)
            yield slot, mounted


def plugin_page(plugin: Plugin) -> str:
    """Everything that a plugin declares, as tables."""
    sections: list[tuple[str, Sequence[str], list[tuple[str, ...]]]] = [
        ("Sources", ("id", "title", "confidence", "licence"), _sources(plugin)),
        ("Parts", ("kind", "name", "variant", "ratings"), _components(plugin)),
        ("Channels", ("channel", "for", "every", "values"), _channels(plugin)),
        (
            "Datapoints",
            ("key", "name", "unit", "role", "plus means", "range", "access", "for", "confidence"),
            _datapoints(plugin),
        ),
        ("Faults", ("code", "name", "said by", "severity", "number", "for"), _faults(plugin)),
        ("Commands", ("command", "writes", "shown by", "risk", "for"), _commands(plugin)),
        ("Log lines", ("kind", "line", "each item"), _log_rules(plugin)),
    ]
    return f"# {plugin.name}\n\n" + "\n".join(
        f"## {title}\n\n{_table(headings, rows)}" for title, headings, rows in sections if rows
    )


def _sources(plugin: Plugin) -> list[tuple[str, ...]]:
    return [(f"`{s.id}`", s.title, s.confidence, s.licence) for s in plugin.sources]


def _components(plugin: Plugin) -> list[tuple[str, ...]]:
    return [
        (
            c.kind,
            c.label,
            c.variant,
            ", ".join(f"{r.name} {r.value} {r.unit}".strip() for r in c.ratings),
        )
        for c in plugin.components
    ]


def _channels(plugin: Plugin) -> list[tuple[str, ...]]:
    return [
        (
            f"`{d.channel}`",
            scope_text(d.variants, d.firmware),
            f"{d.interval:g} s" if d.interval else "",
            str(len(layout_keys(d.layout))),
        )
        for d in plugin.decoders
    ]


def _datapoints(plugin: Plugin) -> list[tuple[str, ...]]:
    return [
        (
            f"`{d.key}`",
            d.name,
            d.unit,
            d.role or "",
            d.positive or "",
            _range(d.range),
            d.access if d.access != "ro" else "",
            scope_text(d.variants, d.firmware),
            plugin.confidence_of(d),
        )
        for d in plugin.datapoints
    ]


def _faults(plugin: Plugin) -> list[tuple[str, ...]]:
    return [
        (
            f"`{f.code}`",
            f.name,
            f"`{f.datapoint}` {f.sign}",
            f.severity,
            f.number,
            scope_text(f.variants, f.firmware),
        )
        for f in plugin.faults
    ]


def _commands(plugin: Plugin) -> list[tuple[str, ...]]:
    return [
        (
            f"`{c.name}`",
            _keys(k for k in layout_keys(c.writes) if k not in c.constants),
            _keys(c.reads_back),
            c.risk,
            scope_text(c.variants, c.firmware),
        )
        for c in plugin.commands
    ]


def _log_rules(plugin: Plugin) -> list[tuple[str, ...]]:
    return [(r.kind, _shape(r.line), _shape(r.items) if r.items else "") for r in plugin.log_rules]


def _shape(template: Template) -> str:
    return f"`{template.fill({name: f'{{{name}}}' for name in template.placeholders})}`"


def _keys(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _range(range_: Range | None) -> str:
    if range_ is None:
        return ""
    low, high = ("" if end is None else f"{end:g}" for end in range_)
    return f"{low} … {high}".strip()


def _count(rows: Sequence[object]) -> str:
    return str(len(rows) or "")


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns that are empty in every row are left out."""
    filled = list(rows)
    used = [n for n in range(len(headings)) if any(row[n] for row in filled)]
    if not used:
        return "None.\n"
    lines = [[headings[n] for n in used], ["---"] * len(used)]
    lines += [[_cell(row[n]) for n in used] for row in filled]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
