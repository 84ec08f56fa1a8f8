"""The Standard PREanalytical Code of a fluid: derived from raw facts, never typed.

Each row names its evidence: `v2`, `v3` and `v4` are what was published of those versions, `catalogue`
is a catalogue in use, `worked` a worked example. A row that only memory vouches for is left out, and what
it would code is Z. What is not known is X. A bound belongs to the row that begins there: two hours
sharp are "2-4 h". Source: doi 10.1089/bio.2012.0012 (2.0), 10.1089/bio.2024.0010 (4.0).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from biobank.tables import Kept

VERSION = "4.0"
"""The version of the code; a string means nothing without it."""

UNKNOWN, OTHER, NONE = "X", "Z", "N"


class Spun(msgspec.Struct, frozen=True):
    """One run of the centrifuge: relative force in g, minutes, degrees Celsius; `at` is its beginning.

    `kept_after` is how the tube was kept from its end until it was frozen.
    """

    g: int
    minutes: int
    celsius: int
    brake: bool
    at: datetime
    kept_after: Kept | None = None

    @property
    def ended(self) -> datetime:
        """When the rotor stood still."""
        return self.at + timedelta(minutes=self.minutes)


class Handling(msgspec.Struct, frozen=True, kw_only=True):
    """The raw facts of one specimen; None or empty is what nobody noted.

    `vessel` is the SPREC letters of what it was drawn into and `kept` how it was kept until it was spun
    (or frozen, unspun). `spins` are in the order of time. `family` (`cryotube`, `pp`, `original`) and
    `volume` (nL) are of the tube it is stored in, `celsius` is the temperature of the place.
    """

    material: str
    vessel: str = ""
    collected: datetime | None = None
    kept: Kept | None = None
    spins: tuple[Spun, ...] = ()
    frozen: datetime | None = None
    family: str = ""
    volume: int | None = None
    celsius: int | None = None


# --- the tables ---


class Delay(NamedTuple):
    """So many seconds, kept so."""

    code: str
    kept: Kept
    seconds: range
    evidence: str


class Run(NamedTuple):
    """A run of the centrifuge, whole minutes, g and degrees Celsius."""

    code: str
    celsius: range
    minutes: range
    g: range
    brake: bool
    evidence: str


class Tube(NamedTuple):
    """A family of tubes of so many nL, at so many degrees Celsius."""

    code: str
    family: str
    volume: range
    celsius: range
    evidence: str


def _hours(since: int, until: int) -> range:
    return range(since * 3600, until * 3600)


_COLD = range(2, 11)
_ROOM = range(18, 29)  # no table that was read says it in degrees; this is the usual reading
_USUAL = range(10, 16)
_SLOW, _MIDDLE, _FAST, _FASTEST = range(3000), range(3000, 6000), range(6000, 10_001), range(10_001, 10**6)
_MINUS_80 = range(-85, -59)

TYPES = {
    "blood_edta": ("BLD", "v4"),
    "blood_serum": ("BLD", "v4"),
    "blood_paxgene": ("BLD", "v4"),
    "serum": ("SER", "v4"),
    "buffy_coat": ("BFF", "v4"),  # frozen without a cryoprotectant, so its cells do not live
    "stool": ("STL", "v4"),
    "stool_stabilised": ("STL", "v4"),
}
"""Element 1. Plasma is told by its spins; extracts of DNA and RNA have no code and are "other"."""

PLASMA = {1: ("PL1", "v4"), 2: ("PL2", "v4")}
"""Element 1 of plasma, by how often it was spun."""

UNSPUN = {"blood_edta", "blood_serum", "blood_paxgene", "stool", "stool_stabilised"}
"""What nobody needs to spin: no spin noted means none. Of all else it means that nobody noted it."""

_MAPPED = (
    "ACD CAT CIF CPD CPH CPT CSV EDG GLS HEP HIR LHB LHG OMN ORG PAX PED PET PI1 PIX PPS SCI SED SHP SPO"
    " SST TEM"
)
VESSELS = dict.fromkeys(_MAPPED.split(), "v4") | dict.fromkeys(("SCK", "TRC"), "catalogue")
"""Element 2, what it was drawn into. Those of version 2 that version 4 no longer maps are left out."""

FIRST_DELAYS = (
    Delay("A", Kept.ROOM, _hours(0, 2), "v2"),
    Delay("B", Kept.COLD, _hours(0, 2), "v2"),
    Delay("C", Kept.ROOM, _hours(2, 4), "v2"),
    Delay("D", Kept.COLD, _hours(2, 4), "v2"),
    Delay("E", Kept.ROOM, _hours(4, 8), "v2"),
    Delay("F", Kept.COLD, _hours(4, 8), "v2"),
    Delay("G", Kept.ROOM, _hours(8, 12), "v2"),
    Delay("K", Kept.ROOM, _hours(24, 48), "worked"),
)
"""Element 3, from collection to the first spin; to the freezer where nothing is spun."""

FIRST_RUNS = (
    Run("A", _ROOM, _USUAL, _SLOW, brake=False, evidence="v3"),
    Run("B", _ROOM, _USUAL, _SLOW, brake=True, evidence="v3"),
    Run("C", _COLD, _USUAL, _SLOW, brake=False, evidence="v3"),
    Run("D", _COLD, _USUAL, _SLOW, brake=True, evidence="v3"),
    Run("E", _ROOM, _USUAL, _MIDDLE, brake=True, evidence="v3"),
    Run("F", _COLD, _USUAL, _MIDDLE, brake=True, evidence="v3"),
    Run("G", _ROOM, _USUAL, _FAST, brake=True, evidence="v3"),
    Run("H", _COLD, _USUAL, _FAST, brake=True, evidence="v3"),
    Run("I", _ROOM, _USUAL, _FASTEST, brake=True, evidence="v3"),
    Run("J", _COLD, _USUAL, _FASTEST, brake=True, evidence="v3"),
    Run("M", _ROOM, range(30, 31), range(1000), brake=False, evidence="v3"),
)
"""Element 4, the first spin."""

SECOND_RUNS = (Run("F", _COLD, _USUAL, _MIDDLE, brake=True, evidence="worked"),)
"""Element 5, the second spin."""

LAST_DELAYS = (
    Delay("A", Kept.COLD, _hours(0, 1), "catalogue"),
    Delay("B", Kept.ROOM, _hours(0, 1), "worked"),
    Delay("D", Kept.ROOM, _hours(1, 2), "worked"),
)
"""Element 6, from the end of the last spin to the freezer. Cold and room stand the other way round here."""

TUBES = (
    Tube("A", "pp", range(500_000, 2_000_001), _MINUS_80, "worked"),
    Tube("S", "pp", range(40_000, 500_000), _MINUS_80, "worked"),
    Tube("D", "cryotube", range(1_000_000, 2_000_001), _MINUS_80, "worked"),
)
"""Element 7, long-term storage."""

ORIGINAL = "Y"
"""Element 7 of what is kept in the vessel it was drawn into, whatever its size (`catalogue`)."""


# --- the code ---


def sprec(handling: Handling) -> str:
    """The seven elements, `SER-SST-A-B-N-B-A`: X for what is not known, Z for what is out of the table."""
    delay, first, second, last = _unspun(handling) if not handling.spins else _spun(handling)
    return "-".join((_type(handling), _vessel(handling), delay, first, second, last, _storage(handling)))


def _type(handling: Handling) -> str:
    if handling.material == "plasma_edta":
        return PLASMA.get(len(handling.spins), (OTHER * 3,))[0] if handling.spins else UNKNOWN * 3
    return TYPES.get(handling.material, (OTHER * 3,))[0]


def _vessel(handling: Handling) -> str:
    if not handling.vessel:
        return UNKNOWN * 3
    return handling.vessel if handling.vessel in VESSELS else OTHER * 3


def _unspun(handling: Handling) -> tuple[str, str, str, str]:
    if handling.material not in UNSPUN:
        return UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN
    delay = _delay(FIRST_DELAYS, handling.collected, handling.frozen, handling.kept)
    return delay, NONE, NONE, NONE


def _spun(handling: Handling) -> tuple[str, str, str, str]:
    first, *more = handling.spins
    last = handling.spins[-1]
    return (
        _delay(FIRST_DELAYS, handling.collected, first.at, handling.kept),
        _run(FIRST_RUNS, first),
        _run(SECOND_RUNS, more[0]) if more else NONE,
        _delay(LAST_DELAYS, last.ended, handling.frozen, last.kept_after),
    )


def _delay(table: Sequence[Delay], since: datetime | None, until: datetime | None, kept: Kept | None) -> str:
    if since is None or until is None or kept is None:
        return UNKNOWN
    seconds = (until - since) // timedelta(seconds=1)
    return next((row.code for row in table if row.kept is kept and seconds in row.seconds), OTHER)


def _run(table: Sequence[Run], spun: Spun) -> str:
    fitting = (
        row.code
        for row in table
        if spun.celsius in row.celsius
        and spun.minutes in row.minutes
        and spun.g in row.g
        and spun.brake is row.brake
    )
    return next(fitting, OTHER)


def _storage(handling: Handling) -> str:
    if handling.family == "original":
        return ORIGINAL
    if handling.celsius is None or handling.volume is None or not handling.family:
        return UNKNOWN
    fitting = (
        row.code
        for row in TUBES
        if row.family == handling.family and handling.volume in row.volume and handling.celsius in row.celsius
    )
    return next(fitting, OTHER)
