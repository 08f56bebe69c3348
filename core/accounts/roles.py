"""Roles: what each may do. `docs/accounts.md` tells the same in words.

An area that is not in the table below belongs to administrators alone.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, get_args

from core.access import UserType

Role = Literal["read_only", "l1", "l2", "operations", "product", "firmware", "administrator"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


def _grants(text: str) -> frozenset[str]:
    """Grants as written here: an area, and its actions with commas between them."""
    lines = (line.split() for line in text.splitlines() if line.strip())
    return frozenset(f"{area}:{action}" for area, actions in lines for action in actions.split(","))


LOOKING: Final = _grants("""
    home read
    systems read
    sites read
    end_users read
    telemetry read
    faults read
    knowledge read
    logs read
    charging read
    gaps read
    commands read
    products read
    plugins read
    firmware read
    upgrades read
    warranties read
    messages read
    companies read
    serial_numbers read
    tariffs read
    vpp read
    installations read
    nmi read
    corrections read
    storm_warnings read
    exports read
    views read,create,edit,delete
""")
"""Everything that is about devices; neither users nor the audit. Saved views are one's own."""

L1: Final = LOOKING | _grants("""
    systems export
    faults export,edit
    knowledge export
    logs export,edit
    telemetry export
    exports create
    installations create,edit,export
    nmi create,edit,export
    end_users create,edit
    sites create,edit
    tariffs create,edit
    messages create
    dead_letters read
    reminders read
""")
"""First-level support: finds, exports, notes, binds; sends no command."""

L2: Final = L1 | _grants("""
    systems edit,command
    knowledge edit
    nmi register
    storm_warnings create,edit,export
    commands cancel
    serial_numbers reveal
    installations delete
    sites delete
    tariffs delete
    upgrades create,cancel
    warranties create,edit
    dead_letters replay
    logs request
    gaps request
    users read
    reminders create,edit,delete,test,retry
""")
"""Second-level support: commands single devices, starts their upgrades, reveals check codes."""

OPERATIONS: Final = L2 | _grants("""
    systems create,delete
    commands bulk,approve
    nmi import,delete
    corrections create,approve,undo,export
    upgrades approve,edit
    companies create,edit,approve,lock,export
    serial_numbers create,edit,delete,import,export
    end_users delete,export
    messages *
    reminders *
    warranties *
    tariffs *
    vpp *
    users export
    audit read
    settings read
""")
"""Runs the platform: companies, serial numbers, bulk and approved commands, roll-outs, messages."""

PRODUCT: Final = LOOKING | _grants("""
    products *
    plugins *
    tariffs edit
    systems export
    telemetry export
    dead_letters read,replay
    exports create
""")
"""Makes product models and the thing model; commands no device and releases no firmware."""

FIRMWARE: Final = LOOKING | _grants("""
    firmware *
    upgrades *
    systems export
    logs export,request
    exports create
""")
"""Uploads, tests and releases firmware, and rolls it out; commands nothing else."""

OF_ROLE: Final[Mapping[Role, frozenset[str]]] = {
    "read_only": LOOKING,
    "l1": L1,
    "l2": L2,
    "operations": OPERATIONS,
    "product": PRODUCT,
    "firmware": FIRMWARE,
    "administrator": frozenset({"*:*"}),
}

MOST_OF_B: Final = _grants("""
    home read
    systems read,edit,export,command
    sites read,create,edit,delete
    end_users read,create,edit
    telemetry read,export
    faults read,export,edit
    knowledge read,export
    gaps read,request
    logs read,export,edit
    commands read,cancel
    products read
    warranties read,create
    messages read
    companies read,edit
    serial_numbers read
    tariffs read,create,edit,delete
    installations read,create,edit,export
    nmi read,create,edit,export
    corrections read
    storm_warnings read,create,edit,export
    upgrades read,create
    exports read,create
    views read,create,edit,delete
    users read,create,edit,lock,reset
    reminders read,create,edit,delete,test,retry
""")
"""The most that somebody of a company may do, and that only within the company."""

MOST_OF_C: Final = _grants("""
    home read
    systems read
    sites read,edit
    telemetry read
    faults read
    knowledge read
    logs read
    charging read
    commands read
    tariffs read,create,edit,delete
    warranties read
    messages read
    views read,create,edit,delete
""")
"""The most that an end user may do, and that only to systems of their own."""

_MOST: Final[Mapping[UserType, frozenset[str]]] = {"B": MOST_OF_B, "C": MOST_OF_C}


def grants_of(user_type: UserType, roles: Iterable[Role]) -> frozenset[str]:
    """What somebody of this type and with these roles may do."""
    granted = frozenset[str]().union(*(OF_ROLE[role] for role in roles))
    if user_type == "A":
        return granted
    return frozenset(most for most in _MOST[user_type] if covers(granted, most))


def covers(grants: frozenset[str], permission: str) -> bool:
    """Whether grants allow a permission; its own stars count as the widest wish."""
    area, _, action = permission.partition(":")
    return any(wish in grants for wish in (permission, f"{area}:*", f"*:{action}", "*:*"))
