"""Texts that people read: marked where they are declared, translated where they are shown."""


def N_(text: str) -> str:  # noqa: N802  gettext's own name
    """Mark a text of a declaration for translation; it is English, and its own key."""
    return text


def translated(text: str) -> str:
    """The text in the reader's language."""
    return text
