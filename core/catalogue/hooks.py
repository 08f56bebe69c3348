"""The hooks as a reference: signatures, what their items are, and who uses them."""

import inspect
import re
from collections.abc import Iterable
from typing import Annotated, Any, get_args, get_origin

import attrs

from core import hookspecs
from core.host import FIELDS
from core.registry import Registry


def hook_reference(registry: Registry) -> str:
    """Every hook with its exact signature, what its items are, and which plugins use it."""
    sections = [
        "# Hooks\n",
        inspect.cleandoc(hookspecs.__doc__ or "") + "\n",
        *(_hook(name, item, registry) for name, item in hookspecs.RETURNS.items()),
    ]
    return "\n".join(sections)


def hook_signature(name: str) -> str:
    """A hook as a plugin has to write it."""
    return f"def {name}{_plain(str(inspect.signature(getattr(hookspecs, name))))}:"


def users(hook: str, registry: Registry) -> list[str]:
    """The plugins that declare something by this hook."""
    return [p.name for p in registry.plugins.values() if getattr(p, FIELDS.get(hook, "products"))]


def _hook(name: str, item: type, registry: Registry) -> str:
    used = ", ".join(f"`{plugin}`" for plugin in users(name, registry))
    hook = getattr(hookspecs, name)
    return "\n".join(
        [
            f"## {name}\n",
            f"```python\n@hookimpl\n{hook_signature(name)} ...\n```\n",
            f"{inspect.getdoc(hook)}\n",
            *_item(item),
            f"Used by {used or 'no plugin that ships'}.\n",
        ]
    )


def _item(item: type) -> Iterable[str]:
    if not attrs.has(item):
        return
    yield f"```python\n{item.__name__}(\n{_parameters(item)}\n)\n```\n"
    yield f"{inspect.getdoc(item)}\n"


def _parameters(item: type) -> str:
    fields = [field for field in attrs.fields(item) if field.init]
    positional = [_parameter(field) for field in fields if not field.kw_only]
    keywords = [_parameter(field) for field in fields if field.kw_only]
    return "\n".join([*positional, *(["    *,"] if keywords else []), *keywords])


def _parameter(field: "attrs.Attribute[Any]") -> str:
    return f"    {field.name}: {_type(field.type)}{_default(field)},"


def _type(type_: Any) -> str:
    if get_origin(type_) is Annotated:
        return _type(get_args(type_)[0])
    return _plain(type_ if isinstance(type_, str) else inspect.formatannotation(type_))


def _plain(text: str) -> str:
    """A type without the modules that its names come from."""
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", text)


def _default(field: "attrs.Attribute[Any]") -> str:
    if field.default is attrs.NOTHING:
        return ""
    return " = …" if isinstance(field.default, attrs.Factory) else f" = {field.default!r}"  # type: ignore[arg-type]
