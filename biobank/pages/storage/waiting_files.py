"""Files of rack scanners that nobody has dealt with yet, each with the box that it is of."""

from litestar import get
from litestar.response import Template

from biobank import racks, web
from biobank.pages import shell


@get("/rack-files", sync_to_thread=True)
def waiting_page(door: web.OpenDoor) -> Template:
    """The files that wait, the newest first; each leads to its box, where it is looked at."""
    me, files = shell.ask(door, racks.everything_waiting)
    return shell.page("rack_files/waiting.html", me, files=files)


HANDLERS = [waiting_page]
