"""Product models from TOML and back, with every error of a text at once."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import cattrs
from attrs import fields
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

NOTHING: dict[str, Any] = {"id": "nothing", "name": "nothing", "version": "0.0.0"}
"""What stands in for what a model must have, while the rest of a wrong document is checked."""

_converter = cattrs.Converter(forbid_extra_keys=True)


def read_product_file(path: Path) -> ProductModel:
    """Raises ModelError with a Problem for everything that is wrong with the file."""
    return read_product_text(text_of(path), str(path))


def text_of(path: Path) -> str:
    """A file's text, exactly as it is; raises ModelError."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError([Problem(str(path), f"cannot be read: {error}")]) from None


def read_product_text(text: str, where: str) -> ProductModel:
    """A product model from TOML; `where` names the text in problems. Raises ModelError."""
    return read_product(document_of(text, where), where)


def document_of(text: str, where: str) -> dict[str, Any]:
    """What a TOML text says, whether it is a product model or not; raises ModelError."""
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also of numbers with too many digits
        raise ModelError([Problem(where, f"is not TOML: {error}")]) from None
    except RecursionError:
        raise ModelError([Problem(where, "is nested too deeply")]) from None


def read_product(document: Mapping[str, Any], where: str) -> ProductModel:
    """A product model from a document of the same shape as its file."""
    model, problems = examined(document, where)
    if problems:
        raise ModelError(problems)
    return model


def examined(document: Mapping[str, Any], where: str) -> tuple[ProductModel, list[Problem]]:
    """What a document says, as far as it is right, and everything that is wrong with it.

    A name of the first level that is wrong counts as not given, so that the rest can be checked
    against what is loaded; what a model must have is then that of `NOTHING`.
    """
    validator = _validator()
    untyped: Any = validator  # jsonschema's own types are partly unknown
    problems = list(document_problems(document, validator, where))
    wrong = {error.path[0] for error in untyped.iter_errors(document) if error.path}
    known = {field.name for field in fields(ProductModel)} - wrong
    sound = {name: value for name, value in document.items() if name in known}
    try:
        return _made(NOTHING | sound, where), problems
    except ModelError as error:
        return _made(NOTHING, where), [*problems, *error.problems]


def _made(document: Mapping[str, Any], where: str) -> ProductModel:
    try:
        return _converter.structure(spelled_out(document), ProductModel)
    except cattrs.BaseValidationError as error:  # "1.0.0\n" has the pattern, and is no version
        said = cattrs.transform_error(error, "", lambda each, _type: str(each.args[0]))
        raise ModelError(Problem(where, each.removesuffix(" @ ")) for each in said) from None


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


def spelled_out(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with tables where it says components and functions by a plain string."""

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
