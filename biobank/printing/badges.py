"""Printing badges: a label for each, with its code and whose it is."""

from typing import Annotated

from pydantic import Field
from sqlmodel import Session

from biobank import stations
from biobank.inputs import Line
from biobank.labels.shapes import Of
from biobank.people import Actor
from biobank.printing import faces
from biobank.printing.ordering import JobMade, Paper, made
from biobank.stations import BadgeOrder


class BadgePrint(Paper):
    """Badges of these people; who has none yet gets one."""

    names: Annotated[list[Line], Field(min_length=1, max_length=200)]


def print_badges(session: Session, actor: Actor, order: BadgePrint) -> JobMade:
    """Order badges, each the one that its person has, or else a new one.

    Refused: nobody of that name, who ended; as `ordering.made` refuses.
    """
    names = list(dict.fromkeys(order.names))
    having = {row.name: row for row in stations.badges(session, actor, names)}
    rows = [having.get(name) or stations.make_badge(session, actor, BadgeOrder(name=name)) for name in names]
    return made(session, actor, order, Of.BADGE, faces.of_badges(rows))
