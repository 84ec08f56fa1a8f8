"""Sites: where specimens are."""

from litestar import get, post
from litestar.params import JSONBody

from biobank import accounts
from biobank.accounts import SiteOrder, SiteRow
from biobank.api.documents import noun
from biobank.web import OpenDoor


@post("/sites", sync_to_thread=True)
def add_site(door: OpenDoor, data: JSONBody[SiteOrder]) -> SiteRow:
    """Add a site."""
    return door.act(
        lambda session, actor: accounts.site_row(accounts.add_site(session, actor, data)), SiteRow
    )


@get("/sites", sync_to_thread=True)
def list_sites(door: OpenDoor) -> list[SiteRow]:
    """The sites where you see something, by code."""
    return door.ask(accounts.sites)


HANDLERS = noun("sites", [add_site, list_sites])
