"""Sites: places with a time zone, where people may do things."""

from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

import msgspec
from pydantic import StringConstraints
from sqlmodel import Session, col, select

from biobank import people
from biobank.errors import RuleBroken
from biobank.inputs import Input, Line
from biobank.people import Actor, May
from biobank.tables import Site
from biobank.texts import N_

# --- words ---


class SiteOrder(Input):
    """A new site: a short code, a name, an IANA time zone."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+$")]
    name: Line
    time_zone: str = "UTC"


class SiteRow(msgspec.Struct, frozen=True):
    """A site to choose from."""

    code: str
    name: str
    time_zone: str


# --- actions ---


def add_site(session: Session, actor: Actor, order: SiteOrder) -> Site:
    """Add a site. Refused: a time zone that does not exist, a code that is taken."""
    people.require_over(actor, May.ADMINISTER, None, None)
    if order.time_zone not in available_timezones():
        message = N_("There is no time zone “%(zone)s”. Use a name such as Asia/Shanghai.")
        raise RuleBroken("time_zone_unknown", message, field="time_zone", zone=order.time_zone[:60])
    if session.exec(select(Site).where(col(Site.code) == order.code)).first():
        raise RuleBroken(
            "site_exists", N_("There is a site %(code)s already."), field="code", code=order.code
        )
    site = Site(code=order.code, name=order.name, time_zone=order.time_zone)
    session.add(site)
    session.flush()
    return site


# --- questions ---


def site_by_code(session: Session, code: str, field: str = "site") -> Site:
    """The site of that code. Refused: `RuleBroken` that names the field and the sites there are."""
    site = session.exec(select(Site).where(col(Site.code) == code)).first()
    if site is None:
        known = ", ".join(session.exec(select(Site.code).order_by(col(Site.code))))
        message = N_("There is no site “%(code)s”. Known are: %(known)s.")
        raise RuleBroken("site_unknown", message, field=field, code=code[:40], known=known or "-")
    return site


def site_row(site: Site) -> SiteRow:
    """One site as lists show it."""
    return SiteRow(site.code, site.name, site.time_zone)


def sites(session: Session, actor: Actor, may: May = May.SEE) -> list[SiteRow]:
    """The sites where the actor may do that, by code."""
    return [
        site_row(site)
        for site in session.exec(select(Site).order_by(col(Site.code)))
        if people.allowed(actor, may, At(site.id))
    ]


# --- how ---


class At(msgspec.Struct, frozen=True):
    """A site as something rights are asked for."""

    site_id: UUID
