"""Labels: printed, scanned on their tubes, thrown away, replaced."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import CodeKind, grouped
from biobank.commands import running
from biobank.errors import Refusal
from biobank.texts import N_, gettext

if TYPE_CHECKING:
    from sqlmodel import Session

    from biobank.database import Database
    from biobank.people import Actor
    from biobank.printing.jobs import JobCard
    from biobank.printing.ordering import ContainerLabels, JobMade, PrintOrder

Command = Callable[..., Any]

FILE = click.Path(dir_okay=False, path_type=Path)
REASONS = ("frost", "torn", "faded", "missing", "misprint", "lost", "other")

LANGUAGES = ("pdf", "zpl", "tspl", "brother")

as_reason = click.option("--reason", type=click.Choice(REASONS), help="Why there shall be one more.")
as_out = click.option("--out", type=FILE, help="The file to write; left out with --printer.")


def paper(command: Command) -> Command:
    """The options that say what labels are printed on, and `--json`."""
    for option in (
        running.as_json,
        as_out,
        as_reason,
        click.option("--copies", default=1, show_default=True, help="Of each label."),
        click.option("--skip", default=0, show_default=True, help="Labels of the first sheet used already."),
        click.option("--layout", help="Left out, the one that makes most of the stock."),
        click.option("--dpi", help="Without a printer: dots per inch, such as 203; left out, 300."),
        click.option("--language", type=click.Choice(LANGUAGES), help="Without a printer: instead of a PDF."),
        click.option("--stock", help="The sheet or roll; left out, the printer's, or the usual one."),
        click.option("--printer", help="Send them to this printer, instead of writing a file."),
    ):
        command = option(command)
    return command


class _Printing(click.RichGroup):
    """A group whose name alone prints: `biobank label CODES...` is `biobank label print CODES...`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the usual command first where another word stands there."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["print", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Printing)
def label() -> None:
    """Labels. `biobank label CODES... --out FILE` prints."""


@label.command("print")
@click.argument("codes", nargs=-1)
@click.option("--study", help="With --all: whose tubes.")
@click.option("--all", "everything", is_flag=True, help="With --study: every tube that has not ended.")
@click.option("--caps", is_flag=True, help="The dots for the caps of the tubes.")
@paper
def print_labels(
    codes: tuple[str, ...],
    study: str | None,
    everything: bool,  # noqa: FBT001 - flags of the command line
    caps: bool,  # noqa: FBT001
    out: Path | None,
    as_json: bool,  # noqa: FBT001
    **told: Any,
) -> None:
    """Print labels of the tubes or containers of these CODES, or of a whole study."""
    from biobank import codes as ids
    from biobank import specimens
    from biobank.printing import ordering

    if bool(codes) == bool(study and everything):
        raise running.misused(N_("Say CODES..., or --study STUDY --all."))
    containers = all((ids.read(code) or "-")[0] == CodeKind.CONTAINER for code in codes) and bool(codes)

    def work(session: "Session", actor: "Actor") -> ordering.JobMade:
        wanted = list(codes) or list(specimens.living(session, actor, study or ""))
        if containers:
            return ordering.print_container_labels(session, actor, _of_containers(wanted, told))
        return ordering.print_labels(session, actor, _of_tubes(wanted, told, caps=caps))

    printed(work, told["printer"], out, as_json=as_json)


def _of_containers(codes: list[str], told: dict[str, Any]) -> "ContainerLabels":
    from biobank.printing.ordering import ContainerLabels

    return running.ordered(ContainerLabels, {"codes": codes, **told})


def _of_tubes(codes: list[str], told: dict[str, Any], *, caps: bool) -> "PrintOrder":
    from biobank.printing.ordering import PrintOrder

    return running.ordered(PrintOrder, {"codes": codes, "of": "cap" if caps else None, **told})


@label.command("cards")
@click.argument("names", nargs=-1)
@paper
def print_cards(names: tuple[str, ...], out: Path | None, as_json: bool, **told: Any) -> None:  # noqa: FBT001
    """Print labels of the command cards of these NAMES, such as store, or of all of them."""
    from biobank.printing import ordering

    order = running.ordered(ordering.CardLabels, {"cards": names, **told})
    printer = told["printer"]
    printed(lambda s, actor: ordering.print_card_labels(s, actor, order), printer, out, as_json=as_json)


@label.command("request")
@click.argument("code")
@click.option("--text", help="A line beside the code.")
@paper
def print_request(out: Path | None, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag
    """Print the label of a request or a pick list."""
    from biobank.printing import ordering

    order = running.ordered(ordering.RequestLabel, told)
    printer = told["printer"]
    printed(lambda s, actor: ordering.print_request_label(s, actor, order), printer, out, as_json=as_json)


@label.command("preview")
@click.argument("code")
@click.option("--caps", "cap", is_flag=True, help="The dot for the tube's cap.")
@click.option("--printer")
@click.option("--stock")
@click.option("--layout")
@click.option("--dpi", help="Dots per inch, such as 203.")
@click.option("--out", type=FILE, help="A PNG to write, a pixel for each dot.")
@running.as_json
def preview(out: Path | None, as_json: bool, cap: bool, **told: Any) -> None:  # noqa: FBT001 - flags
    """Tell what a scanner reads from the label of CODE as it would be printed, and draw it."""
    from biobank.labels.preview import preview as seen_of
    from biobank.printing import previewing

    order = running.ordered(previewing.PreviewOrder, {**told, "cap": "true" if cap else None})
    of = running.asked(lambda session, actor: previewing.shown(session, actor, order))
    seen = seen_of(of.face, of.stock, of.layout, dpi=of.dpi)
    if out:
        out.write_bytes(seen.png)
    if as_json:
        warnings = [gettext(each) for each in seen.warnings]
        running.tell_json({"code": of.face.code, "reads_as": seen.reads_as, "warnings": warnings})
        return
    if seen.reads_as == of.face.code:
        running.say(N_("reads as %(code)s ✓"), code=grouped(seen.reads_as))
    else:
        running.say(N_("cannot be read"))
    for each in seen.warnings:
        running.say(each)


# --- on their tubes ---


@label.command("waiting")
@running.as_json
@running.as_csv
def waiting(as_json: bool, as_csv: bool) -> None:  # noqa: FBT001 - flags of the command line
    """List the labels that were printed and not scanned on their tubes yet, the oldest first."""
    from biobank.printing import applying

    rows = running.asked(lambda session, actor: applying.waiting(session, actor, limit=10_000))
    told = running.tell_rows(applying.WaitingLabel, rows, as_json=as_json, as_csv=as_csv)
    if rows and not told:
        running.table(
            [(row.label, grouped(row.code), row.of, row.study, f"{row.since:%Y-%m-%d %H:%M}") for row in rows]
        )


@label.command("apply")
@click.argument("tubes", nargs=-1, required=True)
@running.as_json
def apply(tubes: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Say of TUBES whose codes were scanned that their labels are on them."""
    from biobank.printing import applying

    order = running.ordered(applying.Apply, {"tubes": tubes})
    rows = running.acted(lambda session, actor: applying.apply(session, actor, order), list[applying.Applied])
    if as_json:
        running.tell_json(rows)
        return
    for row in rows:
        message = N_("%(code)s: its label is on it.") if row.label else N_("%(code)s: no label waits for it.")
        running.say(message, code=grouped(row.code))


@label.command("void")
@click.argument("labels", nargs=-1, required=True, type=click.UUID)
@click.option("--reason", type=click.Choice(REASONS), required=True)
@running.as_json
def void(labels: tuple[object, ...], reason: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Say of LABELS that were printed that they are no more; each by its id in `biobank label waiting`."""
    from biobank.printing import applying

    order = running.ordered(applying.LabelVoids, {"labels": [str(each) for each in labels], "reason": reason})
    count = running.acted(lambda session, actor: applying.void_labels(session, actor, order), int)
    running.answer(count, N_("%(count)s labels are void."), as_json=as_json, count=count)


@label.command("copies")
@click.argument("codes", nargs=-1, required=True)
@click.option("--caps", is_flag=True, help="The dots for the caps.")
@running.as_json
def live_copies(codes: tuple[str, ...], caps: bool, as_json: bool) -> None:  # noqa: FBT001 - flags
    """Count the live labels of CODES, and how many of them are on their tubes."""
    from biobank import codes as ids
    from biobank.labels.shapes import Of
    from biobank.printing import copies

    wanted = [ids.read(code) or code for code in codes]
    of = Of.CAP if caps else Of.SPECIMEN
    rows = running.asked(lambda session, actor: copies.live(session, actor, wanted, of))
    if as_json:
        running.tell_json(rows)
    else:
        for row in rows:
            message = N_("%(code)s: %(copies)s live, on the tube: %(applied)s")
            running.say(message, code=grouped(row.code), copies=row.copies, applied=row.applied)


@label.command("replace")
@click.argument("tube", required=False)
@click.option("--box", help="With --slot instead of TUBE: the tube that stands there.")
@click.option("--slot", help="Such as B7.")
@click.option("--reason", type=click.Choice(REASONS), required=True)
@click.option("--printer", help="Print the new label on this printer, instead of writing a PDF.")
@click.option("--stock")
@click.option("--layout")
@click.option("--skip", default=0, show_default=True)
@as_out
@running.as_json
def replace(out: Path | None, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag
    """Give TUBE a new code and print its label; the old code still leads to it, and says that it is old."""
    from biobank.printing import replacing

    require_way(told["printer"], out)
    order = running.ordered(replacing.LabelReplacement, told)
    with running.opened() as database:
        made = running.console(database).act(
            lambda session, actor: replacing.replace_label(session, actor, order), replacing.Replaced
        )
        card = settled(database, made.job, out)
    if as_json:
        running.tell_json(made)
    else:
        message = N_("%(old)s is %(code)s from now on. Put the new label on, and scan it.")
        running.say(message, old=grouped(made.old), code=grouped(made.code))
    require_done(card)


# --- how ---


def require_way(printer: str | None, out: Path | None) -> None:
    """That labels are to go somewhere. Refused: a file that could not be written, before anything is kept."""
    if out is not None:
        running.require_writable(out)
    elif not printer:
        raise running.misused(N_("Say --out FILE, or --printer NAME."))


def printed(
    work: "Callable[[Session, Actor], JobMade]", printer: str | None, out: Path | None, *, as_json: bool
) -> None:
    """Order labels, and write them to a file or send them to their printer; say what came of it."""
    from biobank.printing.ordering import JobMade

    require_way(printer, out)
    with running.opened() as database:
        made = running.console(database).act(work, JobMade)
        card = settled(database, made.job, out)
    require_done(card)
    facts = {"count": made.total, "stock": made.stock, "out": made.printer or out}
    running.answer(made, N_("%(count)s labels on %(stock)s: %(out)s"), as_json=as_json, **facts)


def settled(database: "Database", job: Any, out: Path | None) -> "JobCard":
    """Print a job as far as that goes, and tell how far that is; what has no printer is written."""
    from biobank.printing import jobs, spooler

    with running.progress(gettext(N_("Printing"))) as tell:
        state = spooler.drain(database, job, heard=tell)
    card = running.console(database).ask(lambda session, actor: jobs.card(session, actor, job, most=1))
    if out is not None and not card.printer and state.value == "done":
        out.write_bytes(spooler.pdf(database, job))
    return card


def require_done(card: "JobCard") -> None:
    """Refused: a job that is not done, with the reason and what to do next."""
    if card.question:
        message = N_(
            "The printer may have printed labels %(first)s to %(last)s. Look there, and say which came out:"
            " biobank label job answer %(job)s NUMBER"
        )
        first, last = card.question.first, card.question.last
        raise Refusal("print_job_asks", message, first=first, last=last, job=str(card.id))
    if card.fault:
        raise Refusal(card.fault.slug, card.fault.message, field=None, **card.fault.facts)
