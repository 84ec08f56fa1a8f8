"""The files of rack scanners, kept as they came until somebody has dealt with them."""

import base64
import binascii
import hashlib
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import Select, func
from sqlalchemy import select as core_select
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from biobank import clock, codes, people
from biobank.errors import Conflict, Malformed, NotFound, RuleBroken
from biobank.inputs import Input, Line, Scanned
from biobank.people import Actor, May
from biobank.racks.layouts import RackFrom, ReadAs
from biobank.racks.reading import Reading, read
from biobank.racks.verdict import names
from biobank.storage.maps import by_code
from biobank.tables import Container, FileSource, Person, RackFile, Site
from biobank.texts import N_

# --- words ---


class RackFileOrder(Input):
    """The file of a rack scanner, byte for byte in base64, and the box it is of.

    Without a box, it is the one whose code, or its manufacturer's, the file names. `rack` is the rack's
    code as a person scanned it, for a file that names none itself.
    """

    content: Annotated[str, Field(max_length=2_000_000)]
    name: Annotated[Line, Field(max_length=200)] | None = None
    source: FileSource = FileSource.UPLOAD
    box: Scanned | None = None
    rack: Scanned | None = None
    reading: ReadAs = ReadAs()


class WaitingFile(msgspec.Struct, frozen=True):
    """A file that was received; `settled_at` once its wells were confirmed, or it was set aside."""

    id: UUID
    name: str
    source: str
    rack: str
    box: str
    box_name: str
    sha256: str
    received_by: str
    received_at: datetime
    settled_at: datetime | None
    time_zone: str


# --- rules ---


def require_rack(box: Container, reading: Reading, told: str) -> None:
    """Refused: a file or a scanned code of another rack, and no code of it in either."""
    in_file = "" if reading.layout.rack_from is RackFrom.FILE_NAME else reading.rack
    scanned = "" if codes.fold(told) == codes.fold(reading.rack) else told
    for field, rack in (("file", in_file), ("rack", scanned)):
        if rack and not names(box, rack):
            message = N_(
                "The file is of rack %(rack)s, and this is %(name)s. Take the right box; or, if that is the"
                " code on this box, give it to the box first."
            )
            raise Conflict("other_rack", message, field=field, rack=rack[:60], name=box.name)
    if not names(box, told):
        message = N_("The file does not name this rack. Scan the code on %(name)s as well.")
        raise RuleBroken("rack_unnamed", message, field="rack", name=box.name)


def require_unsettled(file: RackFile) -> None:
    """Refused: a file that was confirmed or set aside already."""
    if file.settled_at is not None:
        message = N_("The file %(file)s was dealt with already. Scan the rack again.")
        raise Conflict("rack_file_settled", message, field="file", file=file.name or file.sha256.hex()[:12])


# --- actions ---


def receive(session: Session, actor: Actor, order: RackFileOrder) -> RackFile:
    """Keep a scanner's file as it came, with its SHA-256, for the box it is of.

    The same file again, while it waits, is answered as it is. Refused: what cannot be read (`read`), a
    file of another rack, one whose rack nobody knows.
    """
    data = decoded(order.content)
    reading = read(data, order.name or "", order.reading)
    box = by_code(session, actor, order.box, May.HANDLE) if order.box else None
    box = box or box_of(session, actor, reading.rack)
    told = order.rack or reading.rack
    require_rack(box, reading, told)
    digest = hashlib.sha256(data).digest()
    same = select(RackFile).where(
        col(RackFile.sha256) == digest,
        col(RackFile.container_id) == box.id,
        col(RackFile.settled_at).is_(None),
    )
    there = session.exec(same).first()
    if there:
        return there
    kept = RackFile(
        site_id=box.site_id,
        name=order.name or "",
        source=order.source,
        content=data,
        sha256=digest,
        rack_code=codes.fold(told)[:60],
        container_id=box.id,
        received_by_id=actor.id,
        received_at=clock.now(),
    )
    session.add(kept)
    session.flush()
    return kept


def set_aside(session: Session, actor: Actor, file_id: UUID) -> RackFile:
    """Deal with a file without confirming anything; it stays kept. Refused: one that was dealt with."""
    file = file_by_id(session, actor, file_id, May.HANDLE, lock=True)
    require_unsettled(file)
    file.settled_by_id, file.settled_at = actor.id, clock.now()
    session.flush()
    return file


# --- questions ---


def waiting(
    session: Session, actor: Actor, box: str | None = None, limit: int = 200, after: UUID | None = None
) -> list[WaitingFile]:
    """The files in the actor's scope, or of one box, that nobody has dealt with yet, newest first.

    `after` is the id of the last one shown. Refused: a box that is not there or out of scope.
    """
    asked = _files(actor).where(col(RackFile.settled_at).is_(None))
    if box is not None:
        asked = asked.where(col(RackFile.container_id) == by_code(session, actor, box).id)
    if after is not None:
        asked = asked.where(col(RackFile.id) < after)
    return [_waiting(*each) for each in session.execute(asked.order_by(col(RackFile.id).desc()).limit(limit))]


def count_waiting(session: Session, actor: Actor, most: int = 1000) -> int:
    """How many files nobody has dealt with yet, counted to `most`; none of them is read."""
    asked = select(RackFile.id).where(col(RackFile.settled_at).is_(None))
    some = asked.where(people.visible(actor, May.SEE, RackFile)).limit(most).subquery()
    return session.exec(select(func.count()).select_from(some)).one()


def file_row(session: Session, actor: Actor, file_id: UUID) -> WaitingFile:
    """One file as lists show it. Refused: out of scope."""
    found = session.execute(_files(actor).where(col(RackFile.id) == file_id)).first()
    if found is None:
        raise _no_file()
    return _waiting(*found)


def file_by_id(
    session: Session, actor: Actor, file_id: UUID, may: May = May.SEE, *, lock: bool = False
) -> RackFile:
    """A kept file. Refused: one that is not there or out of scope."""
    asked = select(RackFile).where(col(RackFile.id) == file_id)
    file = session.exec(asked.with_for_update() if lock else asked).first()
    if file is None or not people.allowed(actor, May.SEE, file):
        raise _no_file()
    people.require(actor, may, file)
    return file


def raw_file(session: Session, actor: Actor, file_id: UUID) -> bytes:
    """A kept file as it came. Refused: to whoever sees one study of the site and did not bring it in.

    A raw file names tubes by their codes, whatever study they are of.
    """
    file = file_by_id(session, actor, file_id)
    if file.received_by_id != actor.id:
        people.require_over(actor, May.SEE, file.site_id, None)
    return file.content


def box_of(session: Session, actor: Actor, rack: str, may: May = May.HANDLE) -> Container:
    """The box that a rack's code names: ours, or its manufacturer's. Refused: none in the actor's scope."""
    spelled = {rack.strip(), codes.fold(rack)}
    asked = select(Container).where(
        (col(Container.code) == (codes.read(rack) or "")) | col(Container.barcode).in_(spelled),
        people.visible(actor, may, Container),
    )
    found = session.exec(asked).first() if rack.strip() else None
    if found is None:
        message = N_("No box of yours bears the code “%(rack)s”. Give it to its box, or scan the box first.")
        raise NotFound("rack_unknown", message, field="rack", rack=rack[:60])
    return found


def decoded(content: str) -> bytes:
    """The bytes of a file that came in base64. Refused: what is not that."""
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        message = N_("The file came damaged: it is not in base64. Send it again.")
        raise Malformed("file_not_base64", message, field="content") from None


# --- how ---


def _no_file() -> NotFound:
    return NotFound("rack_file_unknown", N_("There is no such file in your scope."), field="file")


def _files(actor: Actor) -> Select[RackFile, Container, str, str]:
    return (
        core_select(RackFile, Container, col(Person.name), col(Site.time_zone))
        .join(Container, col(Container.id) == col(RackFile.container_id))
        .join(Person, col(Person.id) == col(RackFile.received_by_id))
        .join(Site, col(Site.id) == col(RackFile.site_id))
        .where(people.visible(actor, May.SEE, RackFile))
        .options(defer(RackFile.content))  # type: ignore[arg-type]  # a column, typed as what it holds
    )


def _waiting(file: RackFile, box: Container, person: str, time_zone: str) -> WaitingFile:
    return WaitingFile(
        id=file.id,
        name=file.name,
        source=file.source.value,
        rack=file.rack_code,
        box=box.code,
        box_name=box.name,
        sha256=file.sha256.hex(),
        received_by=person,
        received_at=file.received_at,
        settled_at=file.settled_at,
        time_zone=time_zone,
    )
