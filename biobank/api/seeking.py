"""Which specimens a list shows: every filter of an address, and the order."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from biobank import inputs
from biobank.specimens import Custody, Sort, Sought
from biobank.tables import DeviationCode, HoldKind, Life, SpecimenKind

Event = Annotated[str | None, QueryParameter(description="The code of the visit's event.")]
Dataset = Annotated[str | None, QueryParameter(description="Its visit is linked to a dataset of this kind.")]
Holding = Annotated[str | None, QueryParameter(description="A container that it is in, however deep.")]
Text = Annotated[str | None, QueryParameter(description="A part of its code, or of one from elsewhere.")]


class Within(msgspec.Struct, frozen=True):
    """Which specimens are sought, and in which study."""

    study: str | None
    sought: Sought


def _whose(
    site: FromQuery[str | None] = None,
    event: Event = None,
    arm: FromQuery[str | None] = None,
    participant: FromQuery[str | None] = None,
    material: FromQuery[str | None] = None,
    kind: FromQuery[SpecimenKind | None] = None,
    life: FromQuery[Life | None] = None,
) -> dict[str, Any]:
    return {
        "site": site,
        "event": event,
        "arm": arm,
        "participant": participant,
        "material": material,
        "kind": kind,
        "life": life,
    }


def _now(
    custody: FromQuery[Custody | None] = None,
    hold: FromQuery[HoldKind | None] = None,
    deviation: FromQuery[DeviationCode | None] = None,
    dataset: Dataset = None,
    container: Holding = None,
    thaws_from: FromQuery[int | None] = None,
    thaws_to: FromQuery[int | None] = None,
) -> dict[str, Any]:
    return {
        "custody": custody,
        "hold": hold,
        "deviation": deviation,
        "dataset": dataset,
        "container": container,
        "thaws_from": thaws_from,
        "thaws_to": thaws_to,
    }


def _days(
    collected_from: FromQuery[date | None] = None,
    collected_to: FromQuery[date | None] = None,
    frozen_from: FromQuery[date | None] = None,
    frozen_to: FromQuery[date | None] = None,
    not_seen_since: FromQuery[date | None] = None,
) -> dict[str, Any]:
    return {
        "collected_from": collected_from,
        "collected_to": collected_to,
        "frozen_from": frozen_from,
        "frozen_to": frozen_to,
        "not_seen_since": not_seen_since,
    }


def within(
    whose: NamedDependency[dict[str, Any]],
    now: NamedDependency[dict[str, Any]],
    days: NamedDependency[dict[str, Any]],
    study: FromQuery[str | None] = None,
    text: Text = None,
    sort: FromQuery[Sort] = Sort.CODE,
    down: FromQuery[bool] = False,  # noqa: FBT002 - a flag of an address
) -> Within:
    """Which specimens are sought by an address. Refused: what a `Sought` refuses, by its field."""
    told = {**whose, **now, **days, "text": text, "sort": sort, "down": down}
    return Within(study, inputs.read(Sought, told))


LIST = {
    "whose": Provide(_whose, sync_to_thread=False),
    "now": Provide(_now, sync_to_thread=False),
    "days": Provide(_days, sync_to_thread=False),
    "within": Provide(within, sync_to_thread=False),
}
