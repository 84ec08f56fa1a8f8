"""Rack scanners: read, check, confirm and register their files, and watch the folder they write to."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import rich_click as click

from biobank.commands import running
from biobank.errors import Malformed, Refusal
from biobank.texts import CODES, N_, gettext, listed

if TYPE_CHECKING:
    from sqlmodel import Session

    from biobank.people import Actor
    from biobank.racks import Confirmed, RackRegistered, RackVerdict, ReadAs, WaitingFile

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

Command = Callable[..., Any]


def _reading(command: Command) -> Command:
    """The options by which a guess is overruled."""
    for option in (
        click.option("--rack", "rack_column", type=int, help="The column with the rack's code, from 1."),
        click.option("--tube", type=int, help="The column with the tubes' codes, from 1."),
        click.option("--position", type=int, help="The column with the positions, from 1."),
        click.option("--profile", help="Of which scanner it is, where the guess is wrong."),
    ):
        command = option(command)
    return command


_turned = click.option(
    "--turned/--not-turned", default=None, help="Whether the rack lay the wrong way round."
)
_box = click.option("--box", required=True, help="The box's code, or its manufacturer's.")
_told = click.option("--rack-code", help="The rack's code as it was scanned, where the file names none.")


@click.group()
def rack() -> None:
    """Files of rack scanners: read, check, confirm, register, watch."""


@rack.command()
@click.argument("file", type=FILE)
@_reading
@running.as_json
def read(file: Path, as_json: bool, **columns: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Read FILE and say how it was understood; nothing is looked up."""
    from biobank import racks
    from biobank.racks.reading import well_name

    found = racks.read(file.read_bytes(), file.name, _as(columns))
    if as_json:
        running.tell_json(found)
        return
    message = N_("Rack %(rack)s, read as %(profile)s; wells told: %(count)s.")
    running.say(message, rack=found.rack, profile=found.layout.profile.value, count=len(found.wells))
    running.table([(well_name(well), well.said.value, well.code) for well in found.wells])


@rack.command()
@click.argument("file", type=FILE)
@_box
@_turned
@_reading
@running.as_json
def check(file: Path, box: str, turned: bool | None, as_json: bool, **columns: Any) -> None:  # noqa: FBT001
    """Hold FILE against a box, well by well; nothing is kept."""
    from biobank import racks

    def question(session: "Session", actor: "Actor") -> "RackVerdict":
        data = file.read_bytes()
        return racks.check(session, actor, box, data, file.name, _as(columns), turn=bool(turned))

    found = running.asked(question)
    if as_json:
        running.tell_json(found)
        return
    running.say(N_("%(name)s: %(counts)s"), name=found.name, counts=_counts(found.counts))
    if not found.rack_fits:
        running.say(N_("The file is not of this rack, but of “%(rack)s”."), rack=found.rack)
    if found.seems_turned:
        running.say(N_("The rack seems to have been turned by half a circle."))
    shown = [well for well in found.wells if well.verdict.value != "empty"]
    if shown:
        running.table(
            [
                (well.slot, _verdict(well.verdict.value), well.tube or well.code, well.expected)
                for well in shown
            ]
        )


@rack.command()
@click.argument("file", type=FILE)
@_box
@_told
@click.option("--wells", help="The wells to confirm, such as A1,A2; all good ones where it is not told.")
@click.option("--absent-reason", help="Why stored tubes are not in the file: left_out, in_use or not_found.")
@click.option("--unread-empty", is_flag=True, help="The scanner writes NO READ of empty wells.")
@_turned
@_reading
@running.as_json
def confirm(file: Path, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Put the good wells of FILE to their slots in a box, and make tasks of the others."""
    from biobank import inputs, racks

    def work(session: "Session", actor: "Actor") -> "Confirmed":
        kept = racks.receive(session, actor, _order(file, told))
        wells = told["wells"].split(",") if told["wells"] else None
        names = ("box", "absent_reason", "unread_empty", "turned")
        sent = {"file": kept.id, "wells": wells, "reading": _columns(told)}
        order = inputs.read(racks.Confirmation, {**sent, **{name: told[name] for name in names}})
        return racks.confirm(session, actor, order)

    done = running.acted(work, racks.Confirmed)
    if as_json:
        running.tell_json(done)
        return
    message = N_("%(name)s: %(placed)s stored, %(sighted)s seen in their places, %(tasks)s tasks.")
    running.say(message, name=done.box_name, placed=done.placed, sighted=done.sighted, tasks=done.tasks)


@rack.command()
@click.argument("file", type=FILE)
@_box
@_told
@click.option("--scheme", required=True, help="What the codes on the tubes are called, such as the maker.")
@click.option(
    "--aliquots",
    multiple=True,
    metavar="PARENT=WELLS=AMOUNT",
    help="Such as “SM9S346Q35=A1-A12=200 uL”; once for each parent.",
)
@click.option(
    "--primaries",
    multiple=True,
    metavar="VISIT=MATERIAL=WELLS=AMOUNT",
    help="Primary specimens of a visit instead.",
)
@_turned
@_reading
@running.as_json
def register(file: Path, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Register the new tubes of FILE with their codes and slots, in one act."""
    from biobank import inputs, racks

    plans = {
        "aliquots": [_parts(text, ("parent", "wells", "amount")) for text in told["aliquots"]],
        "primaries": [_parts(text, ("visit", "material", "wells", "amount")) for text in told["primaries"]],
    }

    def work(session: "Session", actor: "Actor") -> "RackRegistered":
        kept = racks.receive(session, actor, _order(file, told))
        sent = {"file": kept.id, "reading": _columns(told), **plans}
        names = ("box", "scheme", "turned")
        order = inputs.read(racks.RackRegistration, {**sent, **{name: told[name] for name in names}})
        return racks.register_rack(session, actor, order)

    made = running.acted(work, racks.RackRegistered)
    if as_json:
        running.tell_json(made)
    else:
        running.table([(tube.slot, tube.code, tube.identifier) for tube in made.tubes])


@rack.command()
@running.as_json
def waiting(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """List the files that nobody has dealt with yet."""
    from biobank import racks

    found = running.asked(racks.waiting)
    if as_json:
        running.tell_json(found)
    elif found:
        running.table([(each.rack, each.box, each.box_name, each.name, each.id) for each in found])


@rack.command()
@click.argument("file", type=FILE)
@click.option("--box", help="Its box, where the file does not name one.")
@_told
@_reading
@running.as_json
def keep(file: Path, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Keep FILE for its box, to be dealt with later."""
    from biobank import racks

    def work(session: "Session", actor: "Actor") -> "WaitingFile":
        return racks.file_row(session, actor, racks.receive(session, actor, _order(file, told)).id)

    kept = running.acted(work, racks.WaitingFile)
    message = N_("%(file)s waits for %(box)s.")
    running.answer(kept, message, as_json=as_json, file=kept.name, box=kept.box_name)


@rack.command()
@click.argument("key", type=click.UUID)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it there, byte for byte.")
@running.as_json
def show(key: UUID, out: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Tell of a file that was kept, dealt with or not; KEY is its id in `biobank rack waiting`."""
    from biobank import racks

    if out:
        running.require_writable(out)
        out.write_bytes(running.asked(lambda session, actor: racks.raw_file(session, actor, key)))
    _tell_kept(running.asked(lambda session, actor: racks.file_row(session, actor, key)), as_json=as_json)


@rack.command("set-aside")
@click.argument("key", type=click.UUID)
@running.as_json
def set_aside(key: UUID, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Deal with a file without confirming anything; it stays kept."""
    from biobank import racks

    def work(session: "Session", actor: "Actor") -> "WaitingFile":
        racks.set_aside(session, actor, key)
        return racks.file_row(session, actor, key)

    _tell_kept(running.acted(work, racks.WaitingFile), as_json=as_json)


@rack.command()
@click.argument("folder", type=FOLDER)
@click.option("--once", is_flag=True, help="Take what is there, and end.")
@click.option("--every", default=2.0, show_default=True, help="Look again after so many seconds.")
def watch(folder: Path, once: bool, every: float) -> None:  # noqa: FBT001 - a flag of the command line
    """Keep every file that a scanner writes into FOLDER, until interrupted.

    A file waits for its box: scan the box, and it is there to be confirmed. What cannot be read is told
    and left alone; the files themselves are never changed.
    """
    with running.opened() as database:
        seen: dict[Path, tuple[int, int]] = {}
        for file in _written(folder, seen, once=once, every=every):
            try:
                kept = running.console(database).act(partial(_receive, file), _answer())
            except Refusal as refusal:
                click.echo(f"{file.name}:", err=True)
                running.tell(refusal)
            else:
                running.say(N_("%(file)s waits for %(box)s."), file=file.name, box=kept.box_name)


# --- how ---


def _tell_kept(kept: "WaitingFile", *, as_json: bool) -> None:
    if as_json:
        running.tell_json(kept)
        return
    settled = f"{kept.settled_at:%Y-%m-%d %H:%M}" if kept.settled_at else "-"
    running.table([(kept.rack, kept.box, kept.box_name, kept.name, settled)])


def _written(folder: Path, seen: dict[Path, tuple[int, int]], *, once: bool, every: float) -> Iterator[Path]:
    """Files as they come or change, each when it has been as it is from one look to the next."""
    growing: dict[Path, tuple[int, int]] = {}
    while True:
        for file in sorted(each for each in folder.iterdir() if each.is_file()):
            about = file.stat()
            now = (about.st_size, about.st_mtime_ns)
            if seen.get(file) != now and (once or growing.get(file) == now):
                seen[file] = now
                yield file
            growing[file] = now
        if once:
            return
        time.sleep(every)


def _receive(file: Path, session: "Session", actor: "Actor") -> "WaitingFile":
    from biobank import racks

    order = _order(file, {"source": "folder"})
    return racks.file_row(session, actor, racks.receive(session, actor, order).id)


def _answer() -> "type[WaitingFile]":
    from biobank.racks import WaitingFile

    return WaitingFile


def _order(file: Path, told: dict[str, Any]) -> Any:
    import base64

    from biobank import inputs, racks

    sent = {
        "content": base64.b64encode(file.read_bytes()).decode(),
        "name": file.name,
        "box": told.get("box"),
        "rack": told.get("rack_code"),
        "source": told.get("source", "upload"),
        "reading": _columns(told),
    }
    return inputs.read(racks.RackFileOrder, sent)


def _columns(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "profile": told.get("profile"),
        "position": told.get("position"),
        "tube": told.get("tube"),
        "rack": told.get("rack_column"),
    }


def _as(columns: dict[str, Any]) -> "ReadAs":
    from biobank import inputs, racks

    return inputs.read(racks.ReadAs, _columns(columns))


def _parts(text: str, names: tuple[str, ...]) -> dict[str, str]:
    """Refused: a part of a plan that has not as many parts as are needed."""
    parts = text.split("=")
    if len(parts) != len(names):
        message = N_("“%(text)s” is not %(wanted)s.")
        raise Malformed("plan_unreadable", message, text=text[:60], wanted="=".join(names).upper())
    return dict(zip(names, map(str.strip, parts), strict=True))


def _counts(counts: dict[str, int]) -> str:
    return listed(f"{_verdict(name)} {count}" for name, count in sorted(counts.items()))


def _verdict(name: str) -> str:
    return gettext(CODES.get(name, name))
