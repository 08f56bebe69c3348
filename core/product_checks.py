"""Whether a product model fits what is loaded: components, functions, grid specifications."""

from collections.abc import Iterable, Iterator

from core.registry import Registry
from core.thing_model.problems import Problem
from core.thing_model.product import ProductModel


def misfits(
    product: ProductModel, registry: Registry, others: Iterable[ProductModel]
) -> Iterator[Problem]:
    """Everything in a product model that does not fit the registry or the `others` beside it."""
    where = f"product model {product.id}"
    yield from unmounted(product, registry)
    yield from _doubled(product, where)
    for kind in ("hardware", "software"):
        yield from _strange_functions(product, kind, registry, where)
    for spec in product.grid_specs:
        if spec not in registry.grid_specs:
            what = f"{spec!r} is not a grid specification"
            yield Problem(f"{where}: grid_specs", what, "name one that a plugin declares")
    for other in others:
        if other.id != product.id:
            yield from _shared_shapes(product, other, where)


def unmounted(product: ProductModel, registry: Registry) -> Iterator[Problem]:
    """The components that no plugin has: without them no frame of the model can be read."""
    for slot, mounted in product.slots():
        plugin = registry.plugins.get(mounted.plugin)
        if plugin is None or (mounted.variant and mounted.variant not in plugin.variants):
            what = f"mounts {mounted.model!r} in {slot}"
            yield Problem(
                f"product model {product.id}", what, "no such plugin or variant is loaded"
            )


def _doubled(product: ProductModel, where: str) -> Iterator[Problem]:
    slots = [slot for slot, _mounted in product.slots()]
    for slot in sorted({slot for slot in slots if slots.count(slot) > 1}):
        yield Problem(where, f"mounts several components in {slot}", "give each its own position")


def _strange_functions(
    product: ProductModel, kind: str, registry: Registry, where: str
) -> Iterator[Problem]:
    name = f"{kind}_functions"
    for use in getattr(product, name):
        known = registry.functions.get(use.id)
        place = f"{where}: {name}"
        if known is None:
            yield Problem(place, f"{use.id!r} is not a function", "name one that a plugin declares")
        elif known.kind != kind:
            what = f"{use.id!r} is a {known.kind} function"
            yield Problem(place, what, f"list it in {known.kind}_functions")
        elif use.version not in ("", known.version):
            what = f"{use.id!r} has no version {use.version!r}"
            yield Problem(place, what, f"its version is {known.version}")


def _shared_shapes(product: ProductModel, other: ProductModel, where: str) -> Iterator[Problem]:
    for rule in product.sn_rules:
        for theirs in other.sn_rules:
            if have_common_text(rule, theirs):
                what = f"{rule!r} fits serial numbers of {other.id}, whose rule is {theirs!r}"
                yield Problem(f"{where}: sn_rules", what, "make one of them narrower")


def have_common_text(one: str, other: str) -> bool:
    """Whether some text has both shapes; * stands for any text in them, ? for one character."""
    seen, ways = set[tuple[int, int]](), [(0, 0)]
    while ways:
        at = n, m = ways.pop()
        if at in seen:
            continue
        seen.add(at)
        mine, theirs = one[n : n + 1], other[m : m + 1]
        if not mine and not theirs:
            return True
        if mine == "*":
            ways.append((n + 1, m))
        if theirs == "*":
            ways.append((n, m + 1))
        if mine and theirs and (mine == theirs or {mine, theirs} & {"*", "?"}):
            ways.append((n + (mine != "*"), m + (theirs != "*")))
    return False
