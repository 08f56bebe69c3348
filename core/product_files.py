"""Product models from TOML files and back, with every error of a file at once."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import cattrs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from core.schemas import product_model_schema
from core.thing_model.problems import ModelError, Problem
from core.thing_model.product import OFFLINE_AFTER, ProductModel

SHORT = {
    "inverter": "model",
    "wifi": "model",
    "ems": "model",
    "batteries": "model",
    "meters": "model",
    "chargers": "model",
    "hardware_functions": "id",
    "software_functions": "id",
}

_converter = cattrs.Converter(forbid_extra_keys=True)


def read_product_file(path: Path) -> ProductModel:
    """Raises ModelError with a Problem for everything that is wrong with the file."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ModelError([Problem(str(path), f"is not TOML: {error}")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError([Problem(str(path), f"cannot be read: {error}")]) from None
    return read_product(document, str(path))


def read_product(document: Mapping[str, Any], where: str) -> ProductModel:
    """A product model from a document of the same shape as its file."""
    problems = list(document_problems(document, _validator(), where))
    if problems:
        raise ModelError(problems)
    return _converter.structure(_spelled_out(document), ProductModel)


def product_document(model: ProductModel) -> dict[str, Any]:
    """The shortest document that says the model; the inverse of `read_product`."""
    document: dict[str, Any] = _converter.unstructure(model)
    plain = {key: value for key, value in document.items() if value not in (None, "", (), [])}
    if plain.get("offline_after") == OFFLINE_AFTER:
        del plain["offline_after"]
    return {key: _shortened(key, value) for key, value in plain.items()}


def _shortened(key: str, value: Any) -> Any:
    if key not in SHORT:
        return list(cast("Sequence[Any]", value)) if isinstance(value, tuple) else value
    if isinstance(value, list | tuple):
        return [_shortened(key, item) for item in cast("Sequence[Any]", value)]
    kept = {k: v for k, v in value.items() if v not in (None, "") and (k, v) != ("max_count", 1)}
    return kept[SHORT[key]] if set(kept) == {SHORT[key]} else kept


def _spelled_out(document: Mapping[str, Any]) -> dict[str, Any]:
    def spelled(key: str, value: Any) -> Any:
        if isinstance(value, list):
            return [spelled(key, item) for item in cast("Sequence[Any]", value)]
        return {SHORT[key]: value} if isinstance(value, str) else value

    return {k: spelled(k, v) if k in SHORT else v for k, v in document.items()}


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(product_model_schema())


def document_problems(
    document: Mapping[str, Any], validator: Draft202012Validator, where: str
) -> Iterator[Problem]:
    """Everything in which a document breaks its schema, with path and hint."""
    untyped: Any = validator  # jsonschema's own types are partly unknown
    errors: list[ValidationError] = list(untyped.iter_errors(document))
    for error in sorted(errors, key=lambda e: list(map(str, e.path))):
        yield from _explained(error, where)


def _explained(error: ValidationError, where: str) -> Iterator[Problem]:
    form = _FORMS.get(type(error.instance))
    if error.validator == "anyOf" and form:
        for inner in error.context or ():
            if inner.validator != "type" and _form(inner) == form:
                yield from _explained(inner, where)
        return
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path
    )
    place = f"{where}: {path.lstrip('.')}" if path else where
    what = error.message
    if error.validator == "anyOf":
        what = f"{error.instance!r} is neither text nor a table"
    yield Problem(place, what, _hint(error))


def _form(error: ValidationError) -> str:
    """Which of the alternatives, table or text, an inner error belongs to."""
    steps = list(error.relative_schema_path)
    return "object" if "properties" in steps or error.validator in _OF_TABLES else "string"


_FORMS: Mapping[Any, str] = {dict: "object", str: "string"}
_OF_TABLES = ("additionalProperties", "required")


def _hint(error: ValidationError) -> str:
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        return "known names are " + ", ".join(schema.get("properties", {}))
    if error.validator == "required":
        return "add it"
    return str(schema.get("description", ""))
