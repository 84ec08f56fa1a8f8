"""Labels: ordered, looked at before they are printed, scanned on their tubes, replaced."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, JSONBody, QueryParameter

from biobank.api.answers import Count, Limit, Page, page
from biobank.api.documents import Question, noun
from biobank.api.print_jobs import PDF, labels, printed, sheet
from biobank.labels.shapes import Of
from biobank.printing import applying, copies, ordering, previewing, replacing, spooler
from biobank.printing.applying import Applied, Apply, LabelVoids, WaitingLabel
from biobank.printing.copies import Copies
from biobank.printing.ordering import CardLabels, ContainerLabels, JobMade, PrintOrder, RequestLabel
from biobank.printing.previewing import PreviewOrder, Shown
from biobank.printing.replacing import LabelReplacement, Replaced
from biobank.texts import gettext
from biobank.web import OpenDoor

if TYPE_CHECKING:
    from biobank.labels.preview import Preview

PNG = "image/png"

AfterLabel = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]
Codes = Annotated[list[str], QueryParameter(min_length=1, max_length=200, description="Of tubes or kits.")]


class LabelPreview(msgspec.Struct, frozen=True):
    """How a label would look, and what a scanner reads from it; null where it reads nothing.

    `warnings` are in the reader's language. Lengths are mm.
    """

    code: str
    reads_as: str | None
    warnings: list[str]
    width_mm: float
    height_mm: float
    stock: str
    layout: str
    dpi: int


@post("/labels", sync_to_thread=True, status_code=200, media_type=PDF, responses=labels())
def print_labels(door: OpenDoor, data: JSONBody[PrintOrder]) -> Response[Any]:
    """Print labels of tubes, or the dots for their caps.

    The same command again gives the same bytes, and no second event.
    """
    return printed(door, door.act(lambda s, actor: ordering.print_labels(s, actor, data), JobMade))


@post("/container-labels", sync_to_thread=True, status_code=200, media_type=PDF, responses=labels())
def print_container_labels(door: OpenDoor, data: JSONBody[ContainerLabels]) -> Response[Any]:
    """Print labels of freezers, of racks and shelves, or of boxes."""
    return printed(door, door.act(lambda s, actor: ordering.print_container_labels(s, actor, data), JobMade))


@post("/card-labels", sync_to_thread=True, status_code=200, media_type=PDF, responses=labels())
def print_card_labels(door: OpenDoor, data: JSONBody[CardLabels]) -> Response[Any]:
    """Print labels of the bench's command cards: of some, or of all."""
    return printed(door, door.act(lambda s, actor: ordering.print_card_labels(s, actor, data), JobMade))


@post("/request-labels", sync_to_thread=True, status_code=200, media_type=PDF, responses=labels())
def print_request_label(door: OpenDoor, data: JSONBody[RequestLabel]) -> Response[Any]:
    """Print the label of a request, with a line of text."""
    return printed(door, door.act(lambda s, actor: ordering.print_request_label(s, actor, data), JobMade))


@post("/label-previews", sync_to_thread=True, status_code=200, operation_class=Question)
def preview_label(door: OpenDoor, data: JSONBody[PreviewOrder]) -> LabelPreview:
    """What a scanner reads from a label as it would be printed, and what is to be said against it."""
    of, seen = _seen(door, data)
    return LabelPreview(
        code=of.face.code,
        reads_as=seen.reads_as,
        warnings=[gettext(each) for each in seen.warnings],
        width_mm=seen.width,
        height_mm=seen.height,
        stock=of.stock.code,
        layout=of.layout.code,
        dpi=of.dpi,
    )


@post(
    "/label-previews/picture",
    sync_to_thread=True,
    status_code=200,
    operation_class=Question,
    media_type=PNG,
    responses={200: ResponseSpec(bytes, generate_examples=False, media_type=PNG, description="The label.")},
)
def draw_preview(door: OpenDoor, data: JSONBody[PreviewOrder]) -> Response[bytes]:
    """A label as it would be printed: a pixel for each dot of the printer."""
    return Response(_seen(door, data)[1].png, media_type=PNG)


@get(
    "/command-cards.pdf",
    sync_to_thread=True,
    media_type=PDF,
    responses=sheet("Each card on a page of A5, in both languages."),
)
def get_cards(door: OpenDoor) -> Response[bytes]:
    """The command cards of the bench, to print and laminate."""
    from biobank.labels import card_sheet

    door.ask(lambda _, actor: actor.id)
    return Response(card_sheet.sheet(), media_type=PDF)


@get("/label-copies", sync_to_thread=True)
def count_copies(door: OpenDoor, code: Codes, of: FromQuery[Of] = Of.SPECIMEN) -> list[Copies]:
    """How many live labels there are of each code, and how many of them are on their tubes."""
    return door.ask(lambda session, actor: copies.live(session, actor, code, of))


@get("/waiting-labels", sync_to_thread=True)
def list_waiting(door: OpenDoor, limit: Limit = 50, after: AfterLabel = None) -> Page[WaitingLabel]:
    """Labels that were printed and not scanned on their tubes yet: the oldest first."""
    rows = door.ask(lambda session, actor: applying.waiting(session, actor, after=after, limit=limit + 1))
    return page(rows, limit, lambda row: str(row.label))


@post("/label-applications", sync_to_thread=True, status_code=200)
def apply_labels(door: OpenDoor, data: JSONBody[Apply]) -> list[Applied]:
    """Say of tubes whose codes were scanned that their labels are on them."""
    return door.act(lambda session, actor: applying.apply(session, actor, data), list[Applied])


@post("/label-voids", sync_to_thread=True, status_code=200)
def void_labels(door: OpenDoor, data: JSONBody[LabelVoids]) -> Count:
    """Say of labels that were printed that they are no more; answers how many were not void already."""
    return Count(door.act(lambda session, actor: applying.void_labels(session, actor, data), int))


@post("/label-replacements", sync_to_thread=True)
def replace_label(door: OpenDoor, data: JSONBody[LabelReplacement]) -> Replaced:
    """Give a tube a new code and order its label: the old code still leads to it, and says that it is old.

    Without a printer the label is the document of the job.
    """
    made = door.act(lambda session, actor: replacing.replace_label(session, actor, data), Replaced)
    if not data.printer:
        spooler.drain(door.database, made.job)
    return made


def _seen(door: OpenDoor, order: PreviewOrder) -> "tuple[Shown, Preview]":
    from biobank.labels.preview import preview

    of = door.ask(lambda session, actor: previewing.shown(session, actor, order))
    return of, preview(of.face, of.stock, of.layout, dpi=of.dpi)


HANDLERS = noun(
    "labels",
    [
        print_labels,
        print_container_labels,
        print_card_labels,
        print_request_label,
        preview_label,
        draw_preview,
        get_cards,
        count_copies,
        list_waiting,
        apply_labels,
        void_labels,
        replace_label,
    ],
)
