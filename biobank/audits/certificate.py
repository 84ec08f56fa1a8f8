"""The certificate of an audit: a PDF for whoever inspects, that tells how to prove each word of it."""

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from biobank.audits.certified import Certified
from biobank.audits.findings import Finding
from biobank.audits.words import DECISIONS, EVENTS, METHODS, RESULTS, TRIGGERS
from biobank.codes import grouped
from biobank.errors import Malformed
from biobank.labels.fonts import drawable, font_name
from biobank.labels.shapes import Font
from biobank.tables import AuditMethod, Result, Trigger, Weighting
from biobank.texts import LANGUAGES, N_, in_language
from biobank.texts import language as reading

if TYPE_CHECKING:
    from reportlab.platypus import Flowable

HUNDRED = 100
MOST_SIGNS = 60
"""So much of a name fits at the foot of a page, before its number."""

# --- questions ---


def require_language(language: str) -> str:
    """A language that papers are written in; the reader's where none is told. Refused: any other."""
    if language and language not in LANGUAGES:
        message = N_("There is no such language here: %(language)s.")
        raise Malformed("language_unknown", message, field="language", language=language[:20])
    return language or reading.get()


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
        self.sampled = told.board.row.method == AuditMethod.SAMPLE
        self.by_risk = self.sampled and told.board.weighting == Weighting.RISK
        self.zone = ZoneInfo(told.time_zone)
        # One font for all of it: names of boxes may be Chinese in an English certificate as well.
        font = font_name(Font.CHINESE)
        self.plain = ParagraphStyle("plain", fontName=font, fontSize=8.5, leading=11.5, wordWrap="CJK")
        self.warning = ParagraphStyle("warning", parent=self.plain, textColor="#a61b1b", spaceAfter=4)
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
        row = self.told.board.row
        named = drawable(f"{row.name[:MOST_SIGNS]} · {row.id}", Font.CHINESE)
        canvas.drawString(18 * mm, 10 * mm, named)
        canvas.drawRightString(192 * mm, 10 * mm, str(document.page))

    def _opening(self) -> list["Flowable"]:
        board, row = self.told.board, self.told.board.row
        scope = [row.site, row.scope, row.container and grouped(row.container)]
        facts = [
            (N_("Scope"), " · ".join(each for each in scope if each)),
            (N_("Why"), self.said(TRIGGERS[Trigger(row.trigger)])),
            (N_("Method"), self._method()),
            (N_("Began"), f"{self.when(board.started_at)} · {board.started_by}"),
            (N_("Time zone"), self.told.time_zone),
            (N_("Tubes in the scope"), str(board.population)),
            (N_("Tubes looked at"), str(board.drawn)),
            (N_("Slots drawn besides"), str(self.told.shelf_slots or "")),
            (N_("Seed"), board.seed),
        ]
        told = [
            self._text(self.said(N_("Certificate of an audit")), self.title),
            self._text(row.name, self.head),
            self._table([(self.said(name), value) for name, value in facts if value], [40, None]),
        ]
        return [*told[:2], *self._standing(), *told[2:]]

    def _standing(self) -> list["Flowable"]:
        """What is no certificate yet says so above all."""
        words = {
            "counting": N_("Not signed yet: what follows may still change."),
            "performed": N_("Signed by who performed it, and not reviewed yet."),
            "cancelled": N_("This audit was given up: it shows nothing."),
        }
        status = self.told.board.row.status
        return [self._text(self.said(words[status]), self.warning)] if status in words else []

    def _method(self) -> str:
        board = self.told.board
        told = [self.said(METHODS[AuditMethod(board.row.method)])]
        if self.by_risk:
            told.append(self.said(N_("drawn by risk, which says nothing of the other tubes")))
        elif self.sampled:
            told.append(
                self.said(
                    N_(
                        "no error among %(drawn)s of %(tubes)s tubes shows a rate under %(limit)s %% with"
                        " %(confidence)s %% confidence"
                    ),
                    drawn=board.drawn,
                    tubes=board.population,
                    limit=f"{board.shows_limit * HUNDRED:.4g}",
                    confidence=f"{board.shows_confidence * HUNDRED:.4g}",
                )
            )
        told += [self.said(N_("counted blind"))] if board.blind else []
        told += [self.said(N_("a second count where the first disagreed"))] if board.second_count else []
        return "; ".join(told)

    def _counts(self) -> list["Flowable"]:
        board = self.told.board
        rows = [(self.said(RESULTS[word]), str(board.results.get(word.value, 0))) for word in Result]
        return [
            self._text(self.said(N_("How the slots ended")), self.head),
            self._table(rows, [60, 25]),
            self._text(self.said(N_("Error rate: %(rate)s"), rate=self._rate()), self.plain),
        ]

    def _rate(self) -> str:
        rate = self.told.board.rate
        said = self.said(
            N_("%(errors)s of %(looked)s, %(rate)s %%"),
            errors=rate.errors,
            looked=rate.looked_at,
            rate=f"{rate.rate * HUNDRED:.3f}",
        )
        if self.by_risk:
            return said
        between = self.said(
            N_(
                "the true rate lies between %(low)s %% and %(high)s %% (exact binomial interval,"
                " %(confidence)s %%)"
            ),
            low=f"{rate.low * HUNDRED:.3f}",
            high=f"{rate.high * HUNDRED:.3f}",
            confidence=f"{rate.confidence * HUNDRED:g}",
        )
        return f"{said}; {between}"

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
                _found(each),
                self._done(each),
            )
            for each in self.told.findings
        ]
        return [
            title,
            self._table([tuple(map(self.said, heads)), *rows], [28, 28, None, None, 34], head=True),
        ]

    def _done(self, finding: Finding) -> str:
        told = [self.said(DECISIONS[finding.decision])] if finding.decision else []
        told += [each for each in (finding.reason, finding.decided_by) if each]
        if finding.owner:
            entrusted = self.said(N_("Entrusted to"))
            told.append(f"{entrusted} {finding.owner}, {finding.due_on}")
        if finding.turned_up:
            told.append(self.said(N_("Turned up %(when)s"), when=self.when(finding.turned_up)))
        return "; ".join(told) or self.said(N_("Open"))

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
            (
                str(each.number),
                self.said(EVENTS.get(each.kind, each.kind)),
                self.when(each.recorded),
                each.actor,
                each.leaf_hash,
            )
            for each in self.told.entries
        ]
        heads = [N_("No."), N_("What happened"), N_("Recorded"), N_("Who"), N_("Hash of the entry")]
        return [
            self._text(self.said(N_("How it is proved")), self.head),
            *(self._text(self.said(each), self.plain) for each in self._ways()),
            self._table(hashes, [36, None], small=True),
            self._table([tuple(map(self.said, heads)), *rows], [8, 18, 34, 21, None], head=True, small=True),
        ]

    def _ways(self) -> list[str]:
        """How a reader can prove it who trusts nobody here."""
        told = [
            N_(
                "The snapshot is what should have stood where when the audit began, the result is how each"
                " line ended. Both hashes stand in the entries below, and each entry stands in the log under"
                " its hash: “biobank check” computes them all anew."
            )
        ]
        if self.sampled and not self.by_risk:
            told.append(
                N_(
                    "The draw can be made again: of all codes in the scope those were drawn whose SHA-256 of"
                    " the seed, a zero byte and the code is largest."
                )
            )
        return told

    def _text(self, text: str, style: Any) -> "Flowable":
        from reportlab.platypus import Paragraph

        return Paragraph(escape(drawable(text, Font.CHINESE)), style)

    def _table(
        self,
        rows: Sequence[Sequence[str]],
        widths: Sequence[int | None],
        *,
        head: bool = False,
        small: bool = False,
    ) -> "Flowable":
        """Rows of text under hairlines; widths in mm, None shares what is left. It breaks over pages."""
        from reportlab.lib.colors import HexColor
        from reportlab.lib.units import mm
        from reportlab.platypus import LongTable, TableStyle

        left = 174 - sum(width or 0 for width in widths)
        each = left / max(1, sum(width is None for width in widths))
        wide = [(width or each) * mm for width in widths]
        style = self.small if small else self.plain
        cells = [
            [self._cell(text, style, room) for text, room in zip(row, wide, strict=True)] for row in rows
        ]
        whole = ((0, 0), (-1, -1))
        lines = [
            ("LINEBELOW", *whole, 0.25, HexColor("#9aa5b1")),
            ("VALIGN", *whole, "TOP"),
            ("FONT", *whole, style.fontName, style.fontSize, style.leading),
            ("LEFTPADDING", *whole, 2),
            ("RIGHTPADDING", *whole, 2),
            ("TOPPADDING", *whole, 1.5),
            ("BOTTOMPADDING", *whole, 2.5),
            *([("BACKGROUND", (0, 0), (-1, 0), HexColor("#eef1f4"))] if head else []),
        ]
        table = LongTable(
            cells, colWidths=wide, repeatRows=1 if head else 0, hAlign="LEFT", spaceBefore=3, spaceAfter=5
        )
        table.setStyle(TableStyle(lines))
        return table

    def _cell(self, text: str, style: Any, room: float) -> "Flowable | str":
        """A text that fits into one line is drawn as it is: to set a paragraph takes far longer."""
        from reportlab.pdfbase.pdfmetrics import stringWidth

        shown = drawable(text, Font.CHINESE)
        fits = stringWidth(shown, style.fontName, style.fontSize) <= room - 4
        return shown if fits else self._text(text, style)


def _found(finding: Finding) -> str:
    """Where it was found; with what was read there where another code should be."""
    read = finding.text if finding.code and finding.result is Result.UNKNOWN else ""
    return f"{finding.found_path} {finding.found_slot} {read}".strip()
