"""What every page has around it: who is signed in, its assets, its language, where an act leads."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Template
from litestar.template import TemplateConfig
from sqlmodel import Session

from biobank import amounts, codes, custody, people, texts, web
from biobank.door import Door
from biobank.pages import fields, words
from biobank.pages.bench import away
from biobank.pages.storage import cells, fronts
from biobank.people import Actor, May
from biobank.printing import copies
from biobank.printing.copies import Reason

Answer = TypeVar("Answer")
Asked = Request[Any, Any, Any]
Fields = dict[str, str | list[str]]
Form = NamedDependency[Fields]

HERE = Path(__file__).parent
STATIC = HERE / "static"

REPLACED_FOR = (
    Reason.FROST,
    Reason.TORN,
    Reason.FADED,
    Reason.MISSING,
    Reason.MISPRINT,
    Reason.OTHER,
)
"""Why a label is replaced: a reason for each button."""

_HIDDEN = ("csrf", "command")
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # printable ASCII without the backslash


# --- reading and answering ---


async def provide_form(request: Asked, door: web.OpenDoor) -> Fields:  # noqa: ARG001
    """The fields of a sent form, a list where one name came more than once."""
    # The door reads the form as well. It comes first: two at once would each get a part of what is sent.
    sent: Fields = {}
    for name, value in (await request.form()).multi_items():
        if name in _HIDDEN or not isinstance(value, str):
            continue
        before = sent.get(name)
        sent[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    return sent


def several(form: Fields, name: str) -> list[str]:
    """All the values of a field that may come once, more often, or not at all."""
    value = form.get(name, [])
    return [value] if isinstance(value, str) else value


def one(form: Fields, name: str) -> str:
    """The value of a field, empty where it did not come."""
    return next(iter(several(form, name)), "")


def ask(door: Door, question: Callable[[Session, Actor], Answer]) -> tuple[Actor, Answer]:
    """Ask, and say who asks: every page shows it."""
    return door.ask(lambda session, actor: (actor, question(session, actor)))


def page(name: str, me: Actor | None = None, **told: object) -> Template:
    """A template with what it tells."""
    return Template(name, context={"me": me, **told}, media_type=MediaType.HTML)


def go(request: Asked, to: str) -> Response[Any]:
    """Lead to another page after an act, whether a script or the browser itself sent the form."""
    if "hx-request" in request.headers:
        return Response("", headers={"HX-Redirect": to}, media_type=MediaType.TEXT, status_code=200)
    return Redirect(to, status_code=303)


def local(path: str, otherwise: str = "/") -> str:
    """A path of this site; anything else, such as another site's address, becomes `otherwise`."""
    return path if _LOCAL.fullmatch(path) else otherwise


# --- what templates may call ---


@cache
def tags(entry: str) -> tuple[list[str], str]:
    """The style sheets and the script of an entry of the built assets."""
    built = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))[entry]
    return [f"/static/{name}" for name in built.get("css", ())], f"/static/{built['file']}"


def csrf(request: Asked) -> str:
    """What a form of this session carries; empty where nobody is signed in."""
    secret = web.credentials(request).session
    return web.csrf_token(secret) if secret else ""


def is_demo(request: Asked) -> bool:
    """Whether this database was made to try things in: its log's name, read once, ends in `/demo`."""
    state = request.app.state
    if "demo" not in state:
        state["demo"] = bool(state.database.read(custody.origin).endswith("/demo"))
    return bool(state["demo"])


def theme(request: Asked) -> str:
    """The theme somebody chose, or empty for the system's."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in {"light", "dark"} else ""


def here(request: Asked) -> str:
    """The address of this page, to come back to."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def came_from(request: Asked) -> str:
    """The page of ours that somebody came from, to go back to; empty for another site's and for this one."""
    try:
        told = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return ""
    back = told.path + (f"?{told.query}" if told.query else "")
    is_ours = told.netloc == request.headers.get("host", "")
    is_here = request.method == "GET" and back == here(request)
    return local(back, "") if is_ours and not is_here else ""


def label_reasons() -> dict[str, str]:
    """Why a label is replaced, by the codes of the reasons, in the reader's language."""
    return {reason.value: texts.gettext(copies.REASONS[reason]) for reason in REPLACED_FOR}


def may(me: Actor | None, what: str) -> bool:
    """Whether some grant of the person covers this kind of act."""
    return me is not None and people.allowed(me, May(what))


def may_everywhere(me: Actor | None, what: str) -> bool:
    """Whether one grant of the person covers this kind of act at every site and in every study."""
    return me is not None and people.reaches(me, May(what), None, None)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        texts.gettext, texts.ngettext, newstyle=True
    )
    environment.globals |= {
        "assets": tags,
        "came_from": came_from,
        "csrf": csrf,
        "here": here,
        "is_demo": is_demo,
        "label_reasons": label_reasons,
        "language": texts.language.get,
        "languages": texts.LANGUAGES,
        "front_links": fronts.front,
        "front_small": fronts.small,
        "map_ground": cells.ground,
        "map_key": cells.key,
        "map_links": cells.links,
        "map_sample": cells.sample,
        "map_shapes": cells.shapes,
        "may": may,
        "may_everywhere": may_everywhere,
        "stops_away": away.stops,
        "theme": theme,
    }
    environment.filters |= {
        "field": fields.named,
        "grouped": codes.grouped,
        "listed": texts.listed,
        "material": amounts.material_name,
        "moment": words.moment,
        "why": words.why,
        "word": words.word,
    }
    return environment


def template_config() -> TemplateConfig[JinjaTemplateEngine]:
    """Where templates stand: a folder for each module, fragments beginning with an underscore."""
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(_environment()))
