"""The sheet of command cards, to be printed and hung at a freezer."""

from litestar import Response, get

from biobank import web


@get("/bench/cards", sync_to_thread=True)
def card_sheet(door: web.OpenDoor) -> Response[bytes]:
    """Every card in both languages as a PDF of A5 pages."""
    from biobank.labels import card_sheet as drawing

    door.ask(lambda _, actor: actor.id)
    headers = {"Content-Disposition": 'inline; filename="biobank-cards.pdf"'}
    return Response(drawing.sheet(), media_type="application/pdf", headers=headers)


HANDLERS = [card_sheet]
