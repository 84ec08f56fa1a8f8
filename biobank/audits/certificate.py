"""The certificate of an audit: a PDF for whoever inspects, that tells how to prove each word of it."""

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank import custody
from biobank.audits.boards import AuditBoard, board
from biobank.audits.findings import Finding, SoughtFindings, findings
from biobank.audits.planning import by_id
from biobank.audits.words import DECISIONS, METHODS, RESULTS, TRIGGERS
from biobank.codes import grouped
from biobank.errors import Malformed, RuleBroken
from biobank.labels.fonts import font_name
from biobank.labels.shapes import Font
from biobank.people import Actor
from biobank.tables import CustodyEvent, Person, Result, Site
from biobank.texts import LANGUAGES, N_, in_language

if TYPE_CHECKING:
    from reportlab.platypus import Flowable

AT_ONCE = 1_000

PPM = 10_000
"""Millionths in a hundredth."""

# --- words ---


class Entry(msgspec.Struct, frozen=True):
    """An event of the audit as the log has it: what, when, by whom, and the hash that proves it."""

    kind: str
    recorded: datetime
    actor: str
    leaf_hash: str


class Certified(msgspec.Struct, frozen=True):
    """All that a certificate says; `time_zone` is the site's, in which times are told."""

    board: AuditBoard
    findings: Sequence[Finding]
    entries: Sequence[Entry]
    log: str
    time_zone: str


# --- questions ---


def certified(session: Session, actor: Actor, key: UUID) -> Certified:
    """What the certificate of an audit says. Refused: `NotFound` out of scope, an audit that has not begun."""
    audit = by_id(session, actor, key)
    if audit.started_at is None:
        message = N_("%(name)s has not begun. Start it first: what should be there is written down then.")
        raise RuleBroken("audit_not_started", message, field="audit", name=audit.name)
    found: list[Finding] = []
    while True:
        after = found[-1].id if found else None
        some = findings(session, actor, key, SoughtFindings(after=after, limit=AT_ONCE))
        found += some
        if len(some) < AT_ONCE:
            break
    events = (
        core_select(
            col(CustodyEvent.kind),
            col(CustodyEvent.recorded_at),
            col(Person.name),
            col(CustodyEvent.leaf_hash),
        )
        .join(Person, col(Person.id) == col(CustodyEvent.actor_id))
        .where(col(CustodyEvent.subject_id) == audit.id)
        .order_by(col(CustodyEvent.number))
    )
    return Certified(
        board=board(session, actor, key),
        findings=found,
        entries=[Entry(kind, at, name, link.hex()) for kind, at, name, link in session.execute(events)],
        log=custody.origin(session),
        time_zone=session.get_one(Site, audit.site_id).time_zone,
    )


def require_language(language: str) -> str:
    """A language that certificates are written in. Refused: any other."""
    if language not in LANGUAGES:
        message = N_("There is no such language here: %(language)s.")
        raise Malformed("language_unknown", message, field="language", language=language[:20])
    return language


def certificate(told: Certified, language: str) -> bytes:
    """A PDF on A4 in that language: scope, method, counts, rate with its interval, findings, signatures."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    drawn = _Drawn(told, language)
    made = io.BytesIO()
    document = SimpleDocTemplate(
        made,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
        title=f"{drawn.said(N_('Audit'))}: {told.board.row.name}",
        invariant=1,
    )
    document.build(drawn.story(), onFirstPage=drawn.foot, onLaterPages=drawn.foot)
    return made.getvalue()


# --- how ---


class _Drawn:
    """The parts of one certificate in one language."""

    def __init__(self, told: Certified, language: str) -> None:
        from reportlab.lib.styles import ParagraphStyle

        self.told, self.language = told, language
        self.zone = ZoneInfo(told.time_zone)
        # One font for all of it: names of boxes may be Chinese in an English certificate as well.
        font = font_name(Font.CHINESE)
        self.plain = ParagraphStyle("plain", fontName=font, fontSize=8.5, leading=11.5, wordWrap="CJK")
        self.small = ParagraphStyle("small", parent=self.plain, fontSize=6.5, leading=8.5)
        self.title = ParagraphStyle("title", parent=self.plain, fontSize=16, leading=20, spaceAfter=6)
        self.head = ParagraphStyle(
            "head", parent=self.plain, fontSize=11, leading=14, spaceBefore=9, spaceAfter=3
        )

    def said(self, message: str, **facts: Any) -> str:
        return in_language(self.language, message, facts)

    def when(self, moment: datetime | None) -> str:
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S %z") if moment else ""

    def story(self) -> list["Flowable"]:
        parts: Iterable[Callable[[], list[Flowable]]] = (
            self._opening,
            self._counts,
            self._boxes,
            self._findings,
            self._signatures,
            self._proof,
        )
        return [flowable for part in parts for flowable in part()]

    def foot(self, canvas: Any, document: Any) -> None:
        """The number of the page, and which audit it is of."""
        from reportlab.lib.units import mm

        canvas.setFont(self.plain.fontName, 7)
        canvas.drawString(18 * mm, 10 * mm, f"{self.told.board.row.name} · {self.told.board.row.id}")
        canvas.drawRightString(192 * mm, 10 * mm, str(document.page))

    def _opening(self) -> list["Flowable"]:
        board, row = self.told.board, self.told.board.row
        facts = [
            (
                N_("Scope"),
                " · ".join(
                    each for each in (row.site, row.scope, row.container and grouped(row.container)) if each
                ),
            ),
            (N_("Why"), self.said(TRIGGERS[row.trigger])),  # type: ignore[index]
            (N_("Method"), self._method()),
            (N_("Began"), f"{self.when(board.started_at)} · {board.started_by}"),
            (N_("Seed"), board.seed),
            (N_("Tubes in the scope"), str(board.population)),
            (N_("Tubes looked at"), str(board.drawn)),
        ]
        return [
            self._text(self.said(N_("Certificate of an audit")), self.title),
            self._text(row.name, self.head),
            self._table([(self.said(name), value) for name, value in facts], [40, None]),
        ]

    def _method(self) -> str:
        board = self.told.board
        method = self.said(METHODS[board.row.method])  # type: ignore[index]
        if board.limit_ppm is None or board.confidence_ppm is None:
            return method
        claim = self.said(
            N_("no error among %(drawn)s shows a rate under %(limit)s %% with %(confidence)s %% confidence"),
            drawn=board.drawn,
            limit=f"{board.limit_ppm / PPM:g}",
            confidence=f"{board.confidence_ppm / PPM:g}",
        )
        return f"{method}: {claim}"

    def _counts(self) -> list["Flowable"]:
        board = self.told.board
        rows = [(self.said(RESULTS[word]), str(board.results.get(word.value, 0))) for word in Result]
        rate = self.said(
            N_(
                "%(errors)s of %(looked)s: %(rate)s %%, and the true rate lies between %(low)s %% and %(high)s %%"
                " (exact binomial interval, %(confidence)s %%)"
            ),
            errors=board.rate.errors,
            looked=board.rate.looked_at,
            rate=f"{board.rate.rate * 100:.3f}",
            low=f"{board.rate.low * 100:.3f}",
            high=f"{board.rate.high * 100:.3f}",
            confidence=f"{board.rate.confidence * 100:g}",
        )
        return [
            self._text(self.said(N_("How the slots ended")), self.head),
            self._table(rows, [60, 25]),
            self._text(f"{self.said(N_('Error rate'))}: {rate}", self.plain),
        ]

    def _boxes(self) -> list["Flowable"]:
        heads = [N_("Box"), N_("Tubes"), N_("Findings"), N_("Counted by"), N_("Again by")]
        rows = [
            (
                box.path,
                str(box.expected),
                str(sum(often for word, often in box.results.items() if word not in ("found", "empty"))),
                box.counted_by,
                box.second_by,
            )
            for box in self.told.board.boxes
        ]
        table = self._table([tuple(map(self.said, heads)), *rows], [None, 14, 18, 28, 28], head=True)
        return [self._text(self.said(N_("Boxes")), self.head), table]

    def _findings(self) -> list["Flowable"]:
        title = self._text(self.said(N_("Findings")), self.head)
        if not self.told.findings:
            return [title, self._text(self.said(N_("None.")), self.plain)]
        heads = [N_("Tube"), N_("How it ended"), N_("Should be"), N_("Was"), N_("What was done")]
        rows = [
            (
                grouped(each.code) if each.code else each.text,
                self.said(RESULTS[each.result]),
                f"{each.path} {each.slot}".strip() if each.slot else "",
                f"{each.found_path} {each.found_slot}".strip(),
                self._done(each),
            )
            for each in self.told.findings
        ]
        return [
            title,
            self._table([tuple(map(self.said, heads)), *rows], [27, 24, None, None, 36], head=True),
        ]

    def _done(self, finding: Finding) -> str:
        if finding.turned_up:
            return f"{self.said(N_('Turned up'))} {self.when(finding.turned_up)}"
        if finding.decision is None:
            return f"{finding.owner}, {finding.due_on}"
        told = [self.said(DECISIONS[finding.decision]), finding.reason, finding.decided_by]
        return "; ".join(each for each in told if each)

    def _signatures(self) -> list["Flowable"]:
        board = self.told.board
        rows = [
            (self.said(N_("Performed")), board.performed_by, self.when(board.performed_at)),
            (self.said(N_("Reviewed")), board.reviewed_by, self.when(board.closed_at)),
        ]
        return [self._text(self.said(N_("Signatures")), self.head), self._table(rows, [28, None, 60])]

    def _proof(self) -> list["Flowable"]:
        board = self.told.board
        hashes = [
            (self.said(N_("Log")), self.told.log),
            (self.said(N_("Snapshot (SHA-256)")), board.snapshot),
            (self.said(N_("Result (SHA-256)")), board.result),
        ]
        rows = [
            (each.kind, self.when(each.recorded), each.actor, each.leaf_hash) for each in self.told.entries
        ]
        heads = tuple(map(self.said, [N_("Event"), N_("Recorded"), N_("By"), N_("Hash of the entry")]))
        return [
            self._text(self.said(N_("How it is proved")), self.head),
            self._table(hashes, [36, None], small=True),
            self._table([heads, *rows], [18, 38, 26, None], head=True, small=True),
        ]

    def _text(self, text: str, style: Any) -> "Flowable":
        from reportlab.platypus import Paragraph

        return Paragraph(escape(text), style)

    def _table(
        self,
        rows: Sequence[Sequence[str]],
        widths: Sequence[int | None],
        *,
        head: bool = False,
        small: bool = False,
    ) -> "Flowable":
        """Rows of text under hairlines; widths in mm, None shares what is left."""
        from reportlab.lib.colors import HexColor
        from reportlab.lib.units import mm
        from reportlab.platypus import Table, TableStyle

        left = 174 - sum(width or 0 for width in widths)
        each = left / max(1, sum(width is None for width in widths))
        style = self.small if small else self.plain
        cells = [[self._text(text, style) for text in row] for row in rows]
        lines = [
            ("LINEBELOW", (0, 0), (-1, -1), 0.25, HexColor("#9aa5b1")),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            *([("BACKGROUND", (0, 0), (-1, 0), HexColor("#eef1f4"))] if head else []),
        ]
        table = Table(
            cells,
            colWidths=[(width or each) * mm for width in widths],
            repeatRows=1 if head else 0,
            hAlign="LEFT",
        )
        table.setStyle(TableStyle(lines))
        return table
