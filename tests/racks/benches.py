"""What the tests of rack files do again and again: a rack in the freezer, tubes with codes, files."""

import base64
from collections.abc import Mapping

import pytest
from sqlmodel import Session

from biobank import custody, racks, storage
from biobank.custody import Kind
from biobank.errors import Refusal
from biobank.people import Actor
from biobank.racks import Confirmation, Confirmed, RackFileOrder, RackVerdict
from tests.racks.dialects import Plate, fluidx
from tests.world import MANAGER, World

RACK = "FX12345678"
SCHEME = "micronic"


def rack(world: World, barcode: str = RACK) -> str:
    """An SBS rack in the freezer's first rack slot that bears a manufacturer's code; our code of it."""
    order = storage.ContainerOrder(type="rack-8x12", name="Rack of tubes", site="BJ", celsius=-80)

    def work(session: Session, actor: Actor) -> str:
        made = storage.make_container(session, actor, order)
        made.barcode = barcode
        custody.record(session, actor, made, Kind.CHANGED, change={"barcode": barcode})
        return made.code

    return str(world.act(work, person=MANAGER))


def tubes(world: World, codes: Mapping[str, str] | list[str], pseudonym: str = "D-001") -> dict[str, str]:
    """Aliquots that bear these codes; our code of each by the other."""
    wanted = list(codes)
    made = world.tubes(len(wanted), pseudonym)

    def work(session: Session, actor: Actor) -> None:
        found = custody.load(session, actor, made)
        lines = [
            custody.Line(
                subject=tube,
                kind=Kind.IDENTIFIED,
                change={"identifiers": [{"scheme": SCHEME, "value": value, "retired": False}]},
            )
            for tube, value in zip(found, wanted, strict=True)
        ]
        custody.record_all(session, actor, lines)

    world.act(work)
    return dict(zip(wanted, made, strict=True))


def plate(codes: list[str], cols: int = 12) -> Plate:
    """Tubes in the first slots of a rack, row by row."""
    return {divmod(place, cols): code for place, code in enumerate(codes)}


def sent(data: bytes, **more: object) -> RackFileOrder:
    """An order to keep a file."""
    return RackFileOrder.model_validate({"content": base64.b64encode(data).decode(), **more})


def received(world: World, data: bytes, **more: object) -> racks.WaitingFile:
    """Keep a file."""
    order = sent(data, **more)

    def work(session: Session, actor: Actor) -> racks.WaitingFile:
        return racks.file_row(session, actor, racks.receive(session, actor, order).id)

    return world.act(work, answer=racks.WaitingFile)  # type: ignore[no-any-return]


def of_plate(world: World, wells: Plate, code: str = RACK, **more: object) -> racks.WaitingFile:
    """Keep the file of a plate."""
    return received(world, fluidx(code, wells), name="scan.csv", **more)


def verdict(world: World, box: str, file: racks.WaitingFile, *, turn: bool = False) -> RackVerdict:
    """The verdict on a kept file."""
    return world.ask(
        lambda session, actor: racks.verdict_of(
            session, actor, box, racks.file_by_id(session, actor, file.id), turn=turn
        )
    )


def confirm(world: World, box: str, file: racks.WaitingFile, **more: object) -> Confirmed:
    """Confirm a file."""
    order = Confirmation.model_validate({"file": file.id, "box": box, **more})
    return world.act(  # type: ignore[no-any-return]
        lambda session, actor: racks.confirm(session, actor, order), answer=Confirmed
    )


def slots(world: World, box: str) -> dict[str, str]:
    """Which tube is in which slot of a box."""
    found = world.ask(lambda session, actor: storage.box_map(session, actor, box))
    return {slot.name: slot.code for slot in found.slots if slot.state == "occupied"}


def refused(world: World, box: str, file: racks.WaitingFile, **more: object) -> str:
    with pytest.raises(Refusal) as stopped:
        confirm(world, box, file, **more)
    return stopped.value.slug
