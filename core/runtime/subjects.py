"""MQTT topics as NATS subjects and back, the way nats-server's MQTT listener writes them."""

import re
from typing import Final

from core.runtime.topics import TopicError

_LEVELS: Final = {"+": "*", "#": ">", "": "/"}
_UNFIT: Final = re.compile(r"[.*>\s]")


def subject_of(topic: str) -> str:
    """Subject of a topic or topic filter; raises TopicError for what nats-server cannot express."""
    if _UNFIT.search(topic):
        raise TopicError(
            f"topic {topic[:120]!r} has a character that nats-server uses otherwise: "
            "leave out '.', '*', '>' and white space"
        )
    return ".".join(_LEVELS.get(level, level) for level in topic.split("/"))


def topic_of(subject: str) -> str:
    """Topic of a subject that a message came on."""
    if "/" not in subject:
        return subject.replace(".", "/")
    return "/".join("" if level == "/" else level for level in subject.split("."))
