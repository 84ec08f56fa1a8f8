"""The daily work: register, store."""

from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_

if TYPE_CHECKING:
    from sqlmodel import Session

    from biobank.people import Actor
    from biobank.specimens import Registration


@click.command()
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--visit", help="The visit's code.")
@click.option("--study", help="With --participant and --event instead of --visit.")
@click.option("--participant", help="The pseudonym.")
@click.option("--event", help="The event's code; the visit is opened if need be.")
@click.option("--material", help="Such as blood_edta or stool.")
@click.option("--amount", help="With its unit, such as “10 mL”.")
@click.option("--container", help="Such as “EDTA 10 mL”.")
@click.option("--collected", help="With its offset, such as 2026-05-04T09:30:00+08:00.")
@click.option("--identifier", multiple=True, metavar="SCHEME=VALUE", help="A code it bears already.")
@click.option("--note")
@running.as_json
def register(file: Any, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Register what was collected at a visit: one specimen by the options, or several from FILE.

    FILE is JSON as the API takes it at /api/v1/specimens; - is stdin.
    """
    from biobank import specimens
    from biobank.specimens import SpecimenRow

    def work(session: "Session", actor: "Actor") -> list[SpecimenRow]:
        order = _registration(session, actor, text, options)
        return specimens.rows(session, specimens.register(session, actor, order))

    text = file.read() if file else None
    with running.opened() as database:
        made = running.console(database).act(work, list[SpecimenRow])
    if as_json:
        running.tell_json(made)
    else:
        running.table(
            [(grouped(row.code), row.material, row.amount, row.participant, row.event) for row in made]
        )


def _registration(
    session: "Session", actor: "Actor", text: bytes | None, options: dict[str, Any]
) -> "Registration":
    import msgspec

    from biobank import inputs, participants
    from biobank.errors import Malformed
    from biobank.specimens import Registration

    if text is not None:
        try:
            return inputs.read(Registration, msgspec.json.decode(text))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Malformed("json_unreadable", N_("This is not JSON: %(error)s."), error=str(error)) from None
    visit = options["visit"]
    if visit is None:
        sent = {"study": options["study"], "pseudonym": options["participant"], "event": options["event"]}
        visit = participants.open_visit(session, actor, inputs.read(participants.VisitOrder, sent)).code
    names = ("material", "amount", "container", "collected", "note")
    new: dict[str, Any] = {name: options[name] for name in names if options[name] is not None}
    pairs = [text.partition("=") for text in options["identifier"]]
    new["identifiers"] = [{"scheme": scheme, "value": value} for scheme, _, value in pairs]
    return inputs.read(Registration, {"visit": visit, "specimens": [new]})


@click.command()
@click.argument("tubes", nargs=-1)
@click.option("--box", help="Put the TUBES into this box, at its next free slots.")
@click.option("--slot", help="Put one tube at this slot, such as B7.")
@click.option("--freezer", help="Fill the boxes of this freezer, in order.")
@click.option("--study", help="With --freezer: whose aliquots.")
@click.option("--all", "everything", is_flag=True, help="With --freezer: every aliquot that stands nowhere.")
@running.as_json
def store(tubes: tuple[str, ...], as_json: bool, **options: Any) -> None:  # noqa: FBT001 - a flag
    """Put TUBES into a box, or every aliquot of a study into the boxes of one freezer."""
    if options["freezer"] and options["study"] and options["everything"] and not tubes:
        _store_all(options["freezer"], options["study"], as_json=as_json)
    elif options["box"] and tubes:
        _store(options["box"], tubes, options["slot"], as_json=as_json)
    else:
        raise running.misused(N_("Say --box BOX TUBES..., or --freezer FREEZER --study STUDY --all."))


def _store(box: str, tubes: tuple[str, ...], slot: str | None, *, as_json: bool) -> None:
    from biobank import inputs, storage

    order = inputs.read(storage.PutAway, {"box": box, "tubes": list(tubes), "slot": slot})
    with running.opened() as database:
        stored = running.console(database).act(
            lambda session, actor: storage.put_away(session, actor, order), list[storage.Stored]
        )
    if as_json:
        running.tell_json(stored)
    else:
        running.table([(grouped(each.code), each.box_name, grouped(each.box), each.slot) for each in stored])


def _store_all(freezer: str, study: str, *, as_json: bool) -> None:
    from biobank import specimens, storage

    def work(session: "Session", actor: "Actor") -> tuple[int, int]:
        waiting = specimens.unplaced(session, actor, study)
        return len(waiting), storage.fill_boxes(session, actor, freezer, waiting)

    with running.opened() as database:
        count, boxes = running.console(database).act(work, tuple[int, int])
    if as_json:
        running.tell_json({"aliquots": count, "boxes": boxes})
    else:
        running.say(N_("Aliquots stored: %(count)s, in boxes: %(boxes)s."), count=count, boxes=boxes)
