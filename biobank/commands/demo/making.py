"""The demonstration: a cohort that has run for a year and a half, made by the real acts, in many steps."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

import rich_click as click

from biobank.commands import running
from biobank.commands.founding import found_database, make_home
from biobank.settings import Settings
from biobank.texts import N_

if TYPE_CHECKING:
    from sqlmodel import Session

    from biobank.commands.demo.boxes import Boxes
    from biobank.database import Database
    from biobank.people import Actor

    Work = Callable[[Session, Actor], Any]

FIRST = "first"


class Step(NamedTuple):
    """One command of the demonstration: its name, who does it, and what is done."""

    name: str
    actor: str
    work: "Work"


@click.command()
def demo() -> None:
    """Make the demonstration whole, in its own database, var/demo.db; what is there stays as it is."""
    from biobank.commands.demo.course import PARTICIPANTS

    found = running.chosen(demo=True)
    path = running.file_of(found)
    if make(found, PARTICIPANTS):
        running.say(N_("Made the demonstration: %(path)s"), path=path)
    else:
        running.say(N_("The demonstration is there already: %(path)s"), path=path)
    running.say(N_("Start it, and get the first sign-in link: biobank serve --demo"))


def make(found: Settings, participants: int) -> int:
    """Make so much of the demonstration in its own database, with a bar; how many steps were lacking."""
    make_home(found)
    with running.connected(found) as database, running.progress("LBPB") as progress:
        return furnish(database, participants, progress)


def furnish(
    database: "Database", participants: int, progress: Callable[[int, int], None] = lambda *_: None
) -> int:
    """Make the demonstration with so many participants, each step once; how many steps were lacking.

    A run that was interrupted goes on where it stopped. All days are counted from the day on which the
    database was made, whenever the rest is; and each act is recorded at the time at which it was done.
    """
    from biobank import migrations
    from biobank.commands.demo import boxes as demo_boxes
    from biobank.commands.demo import content as demo_content

    migrations.upgrade(database)
    _begin(database)
    freezers = _take(database, Step("the setting", FIRST, demo_content.set_up), list[str])
    room = database.read(lambda session: demo_boxes.boxes(session, freezers))
    today, done = database.read(_day), database.read(_done)
    steps = list(enumerate(_steps(participants, today, room)))
    lacking = [(place, step) for place, step in steps if _command(step) not in done]
    for place, step in lacking:
        progress(place, len(steps))
        _take(database, step, type(None))
    return len(lacking)


# --- how ---


def _begin(database: "Database") -> None:
    """Begin the log and the first person, unless an earlier run did."""
    from sqlmodel import select

    from biobank import clock
    from biobank.commands.demo.content import BEFORE
    from biobank.commands.demo.visits import tell
    from biobank.tables import LedgerOrigin, Role

    if database.read(lambda session: session.exec(select(LedgerOrigin.name)).first()) is None:
        roles = (Role.ADMINISTRATOR, Role.MANAGER, Role.TECHNICIAN)
        with clock.restored():
            _seed("founding")
            tell(clock.now() - BEFORE)
            found_database(database, f"{clock.new_key()}/demo", FIRST, roles, clock.new_secret())


def _steps(participants: int, today: date, room: "Boxes") -> Iterator[Step]:
    """Every step after the setting; those of more participants come after those of fewer."""
    from biobank.commands.demo import content
    from biobank.commands.demo.course import FIRST_ONES, numbers

    yield Step("the register", content.REGISTER, lambda s, a: content.register(s, a, today))
    yield Step("the kits", content.BENCH, content.print_kits)
    for place, number in enumerate(numbers()[:participants], 1):

        def take_part(session: "Session", actor: "Actor", number: int = number) -> None:
            content.take_part(session, actor, number, today, room)

        yield Step(f"participant {number}", content.BENCH, take_part)
        if place == FIRST_ONES:
            yield Step("tubes out", content.BENCH, content.take_out)


def _take(database: "Database", step: Step, answer: type[Any]) -> Any:
    """Do one step, with keys and codes of its own, whatever was done before; once."""
    from biobank import clock
    from biobank.door import Door
    from biobank.people import Credentials

    def work(session: "Session", actor: "Actor") -> Any:
        with clock.restored():
            _seed(step.name)
            result = step.work(session, actor)
            session.flush()
            return result

    return Door(database, Credentials(name=step.actor), _command(step)).act(work, answer)


def _command(step: Step) -> UUID:
    return uuid5(NAMESPACE_OID, f"the demonstration: {step.name}")


def _day(session: "Session") -> date:
    """The day, at the sites, on which the demonstration was made; the first command was given long before."""
    from zoneinfo import ZoneInfo

    from sqlmodel import col, select

    from biobank.commands.demo.content import BEFORE
    from biobank.commands.demo.life import ZONE
    from biobank.tables import Command

    begun = session.exec(select(Command.recorded_at).order_by(col(Command.recorded_at)).limit(1)).one()
    return (begun + BEFORE).astimezone(ZoneInfo(ZONE)).date()


def _done(session: "Session") -> set[UUID]:
    """The commands that were given."""
    from sqlmodel import select

    from biobank.tables import Command

    return set(session.exec(select(Command.id)))


def _seed(part: str) -> None:
    """Let ids and codes come from a seed: the SHA-256 of its name and a counter."""
    from biobank import clock

    def numbers(purpose: str) -> Callable[[], int]:
        drawn = count()
        return lambda: int.from_bytes(
            hashlib.sha256(f"biobank demonstration {part} {purpose} {next(drawn)}".encode()).digest()
        )

    number, tail = numbers("numbers"), numbers("keys")
    told = newest = 0

    def key() -> UUID:
        """UUID version 7 (RFC 9562, 5.7) of the time that is told; those of one millisecond count on."""
        nonlocal told, newest
        now = clock.now()
        if now.second or now.microsecond:
            # The moment of the run itself, and of nobody's life: keys shall be the same all day.
            now = now.replace(hour=0, minute=0, second=0, microsecond=0)
        before, told = told, int(now.timestamp() * 1000)
        newest = newest + 1 if told == before else told << 12
        moment, turn = divmod(newest, 1 << 12)
        return UUID(int=moment << 80 | 7 << 76 | turn << 64 | 0b10 << 62 | tail() & (1 << 62) - 1)

    clock.set_chance(lambda below: number() % below, key)
