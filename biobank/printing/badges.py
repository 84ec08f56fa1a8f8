"""Printing badges: a label for each, with its code and whose it is."""

from typing import Annotated

from pydantic import Field
from sqlmodel import Session

from biobank import specimens, stations
from biobank.inputs import Input, Line, Whole
from biobank.labels.stock import stock
from biobank.people import Actor
from biobank.printing.ordering import PrintJob, require_skip
from biobank.stations import BadgeOrder


class BadgePrint(Input):
    """Badges of these people on a stock; who has none yet gets one. `skip` labels are used already."""

    names: Annotated[list[Line], Field(min_length=1, max_length=200)]
    stock: str = "herma-4100"
    skip: Annotated[Whole, Field(ge=0, le=200)] = 0


def print_badges(session: Session, actor: Actor, order: BadgePrint) -> PrintJob:
    """Print badges, each the one that its person has, or else a new one.

    Refused: nobody of that name, who ended, an unknown stock or a sheet skipped whole.
    """
    require_skip(stock(order.stock), order.skip)
    names = list(dict.fromkeys(order.names))
    having = {row.name: row for row in stations.badges(session, actor, names)}
    rows = [having.get(name) or stations.make_badge(session, actor, BadgeOrder(name=name)) for name in names]
    faces = [specimens.Face(row.code, "Badge", "", "", "", row.name) for row in rows]
    return PrintJob(order.stock, order.skip, faces)
