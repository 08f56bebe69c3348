"""How well a plugin is proven, and how independent the proof is."""

from collections.abc import Iterable
from typing import Literal

from core.conformance.mutation import Score
from core.conformance.subject import Finding, Subject, scope_of
from core.vectors import ORIGINS, Origin

Tier = Literal["none", "bronze", "silver", "gold", "platinum"]
FIRST_HAND: tuple[Origin, ...] = ("captured", "vendor")
INDEPENDENT: tuple[Origin, ...] = ("captured", "vendor", "library")


def tier(subject: Subject, findings: Iterable[Finding], score: Score) -> Tier:
    """The tier of a plugin with these findings and this mutation score.

    none      a rule is broken: the plugin does not do what it or its vectors say
    bronze    it conforms, but nothing it says of frames is proven, or not all of it
    silver    every rule holds, and every mutant is caught: no wrong declaration would go unnoticed
    gold      and every decoder has a frame that was captured from a device, printed by the vendor
              or read by an independent library: more than our own reading of the facts
    platinum  and each of those frames is first-hand: captured, or the vendor's own
    """
    broken = {finding.rule for finding in findings}
    if broken - {"mutations"}:
        return "none"
    if broken or not score.made:
        return "bronze"
    return reached(subject)


def reached(subject: Subject) -> Tier:
    """The tier of a plugin that every rule holds for, as the tests see to for those that ship."""
    origins = set(independence(subject).values())
    if not origins:
        return "silver" if subject.plugin.commands else "bronze"
    if origins <= set(FIRST_HAND):
        return "platinum"
    return "gold" if origins <= set(INDEPENDENT) else "silver"


def independence(subject: Subject) -> dict[str, str]:
    """The best origin that the good frames of each decoder have; empty where it has no frame."""
    found = [
        (channel.decoder, vector.origin)
        for vector in subject.vectors.frames
        if (channel := subject.part(vector).channels.get(vector.channel))
    ]
    best: dict[str, str] = {}
    for decoder in subject.plugin.decoders:
        origins = {origin for known, origin in found if known is decoder}
        best[scope_of(decoder)] = next((origin for origin in ORIGINS if origin in origins), "")
    return best
