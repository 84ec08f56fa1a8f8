"""One table of every act and question: its page, its API address, its command.

Whoever adds a route or a command adds a row, or puts it into one that is there. `POST` is written, `GET` is
not; `/api/v1` is left out, and so are the types of what stands in braces. A row without one of its faces says
why. The rest of the table is in `three_faces_of_storage.py` and `three_faces_of_audits.py`.
"""

from typing import NamedTuple

SIGNED = "a person signs it with their password; the console has none"
SEEN = "looked at by a person; a program or a shell has what it shows in the lists"
PART = "a part that a page asks for while it is used"
SIGN_IN = "how a browser comes in or goes; a program has a token, the console is itself"
GESTURE = "scans of a page in a row; each is one of the acts beside it"
SCREEN = "a form for an act that stands in another row"
DEVICE = "of the browser that it is asked by"
SHELL = "a shell on the machine alone may do it"
SET_UP = "set up once, from a shell or by a program"


class Face(NamedTuple):
    """An act or a question, and where it is had; several places of one kind stand with commas."""

    what: str
    page: str
    api: str
    command: str
    why_not: str = ""


ACCOUNTS = (
    Face("a person comes in", "/sign-in, POST /sign-in, POST /sign-out", "", "", SIGN_IN),
    Face("a first password", "/first/{link}, POST /first/{link}", "", "", SIGN_IN),
    Face("the reader's language", "/language/{code}", "", "", DEVICE),
    Face("who I am", "/account", "/me", "", "the console is itself"),
    Face("my PIN", "POST /account/pin", "POST /pins", "", SIGNED),
    Face("people", "/people", "/people", "user list"),
    Face("a person, a role", "POST /people", "POST /people", "user add"),
    Face("a new link for a person", "POST /people/{name}/link", "POST /person-links", "user link"),
    Face("the end of a person", "POST /people/end", "POST /person-ends", "user end"),
    Face("the end of a role", "POST /people/roles/end", "POST /role-ends", "user end"),
    Face("badges", "POST /people/badges", "POST /badges", "badge print"),
    Face("the end of a badge", "POST /people/badges/end", "POST /badge-ends", "badge end"),
    Face("a token", "POST /account/tokens", "POST /tokens", "", "a person makes it for their own program"),
    Face("tokens", "/account, /people/{name}", "/tokens", "token list"),
    Face("the end of a token", "POST /account/tokens/end", "POST /token-ends", "token end"),
    Face("a person", "/people/{name}", "/people", "user list"),
    Face("somebody is signed out", "POST /people/{name}/sign-out", "", "", SIGN_IN),
    Face("sites", "", "/sites", "site list", "every form offers them"),
    Face("a site", "", "POST /sites", "site add", SET_UP),
    Face("stations", "/stations", "/stations", "station list"),
    Face("a station", "POST /stations", "POST /stations", "station add"),
    Face("other ways of a station", "POST /stations/{station}", "POST /station-changes", "station change"),
    Face("a station's link", "POST /stations/{station}/link", "POST /station-links", "station link"),
    Face("the end of a station", "POST /stations/{station}/end", "POST /station-ends", "station end"),
    Face("a browser claims a station", "/stations/claim/{link}, POST /stations/claim/{link}", "", "", DEVICE),
    Face("how fast a scanner types", "/stations/calibration, POST /stations/calibration", "", "", DEVICE),
    Face("a signature", "", "POST /signatures", "", SIGNED),
)

STUDIES = (
    Face("studies", "/studies", "/studies", "study list"),
    Face("a study", "/studies/{study}", "/studies/{code}", "study show"),
    Face("what a protocol would change", "POST /protocols/preview", "POST /study-previews", "study preview"),
    Face("a protocol is adopted", "POST /protocols", "POST /studies", "study load"),
    Face(
        "a protocol",
        "/studies/{study}/protocol, /studies/{study}/protocol/{version}",
        "/studies/{code}/protocol",
        "study protocol",
    ),
    Face("the file of a protocol", "", "/studies/{code}/protocol.toml", "study file", SEEN),
    Face(
        "how a study comes along",
        "/studies/{study}/progress",
        "/studies/{code}/progress/collected, /studies/{code}/progress/accrual,"
        " /studies/{code}/progress/delays, /studies/{code}/progress/shortfalls",
        "study progress",
    ),
    Face("participants", "/studies/{study}", "/participants", "participant list"),
    Face(
        "a participant",
        "/studies/{study}/participants/{pseudonym}",
        "/participants/{study}/{pseudonym}",
        "participant show",
    ),
    Face(
        "an enrolment",
        "POST /studies/{study}/participants",
        "POST /participants, POST /participants/bulk",
        "participant enroll",
    ),
    Face("an arm", "POST /studies/{study}/arms", "POST /arm-changes", "participant arm"),
    Face(
        "a procedure",
        "POST /studies/{study}/procedures",
        "POST /procedures, POST /procedures/bulk",
        "participant procedure",
    ),
    Face(
        "a cancelled procedure",
        "POST /studies/{study}/procedure-cancellations",
        "POST /procedure-cancellations",
        "participant cancel-procedure",
    ),
    Face(
        "a day of enrolment",
        "POST /studies/{study}/enrolment-dates",
        "POST /enrolment-dates",
        "participant enrolled-on",
    ),
    Face(
        "a consent",
        "POST /studies/{study}/consents",
        "POST /consents, POST /consents/bulk",
        "participant consent",
    ),
    Face("answers to a consent", "/studies/{study}/answers", "/consents", "participant answers"),
    Face(
        "what a withdrawal stops",
        "/studies/{study}/withdrawal, POST /studies/{study}/withdrawal",
        "/withdrawals/at-stake",
        "participant at-stake",
    ),
    Face("a withdrawal", "POST /studies/{study}/withdrawals", "POST /withdrawals", "participant withdraw"),
    Face(
        "visits that are due",
        "/schedule, /schedule/file, /studies/{study}/schedule, /studies/{study}/schedule/file",
        "/agenda, /agenda.csv, /agenda.xlsx, /agenda/counts",
        "agenda",
    ),
    Face(
        "a month of visits",
        "/schedule/month, /studies/{study}/schedule/month",
        "/agenda/months/{month}",
        "calendar",
    ),
    Face("kits", "/studies/{study}/kits", "/kits", "kit list"),
    Face("a kit", "/kits/{code}", "/kits/{code}", "kit show"),
    Face("new kits", "POST /studies/{study}/kits", "POST /kits, POST /kit-labels", "kit print"),
    Face("labels of a kit again", "POST /kit-reprints", "POST /kit-reprints", "kit print"),
    Face(
        "a collections file",
        "",
        "",
        "import",
        "taken in once, when an archive moves in, with its protocol beside it",
    ),
)

VISITS = (
    Face("a visit", "/visits/{code}", "/visits/{code}", "visit show"),
    Face("a visit tube by tube", "/visits/{code}", "/visits/{code}/workbench", "visit bench"),
    Face("forms of a visit", "/visits/{code}/acts/{act}", "", "", SCREEN),
    Face(
        "a visit is opened", "POST /studies/{study}/visits", "POST /visits, POST /visits/bulk", "visit open"
    ),
    Face("a visit begins", "POST /visits/{code}/begin", "POST /collections", "visit begin"),
    Face(
        "tubes are there", "POST /visits/{code}/scans, POST /visits/{code}/drawn", "POST /ticks", "visit tick"
    ),
    Face("all tubes are there", "POST /visits/{code}/scans", "POST /all-present", "visit all-present"),
    Face("a deviation", "POST /visits/{code}/deviations", "POST /deviations", "visit deviate"),
    Face("a visit is finished", "POST /visits/{code}/scans", "POST /finished-collections", "visit finish"),
    Face(
        "a visit took place",
        "POST /visits/{code}/came",
        "POST /attendances, POST /attendances/bulk",
        "visit came",
    ),
    Face(
        "a missed visit",
        "POST /visits/{code}/missed",
        "POST /missed-visits, POST /missed-visits/bulk",
        "visit miss",
    ),
    Face("planned again", "POST /visits/{code}/planned-again", "POST /replannings", "visit plan-again"),
    Face("datasets of a visit", "/visits/{code}", "/datasets", "visit show"),
    Face("a dataset", "POST /visits/{code}/datasets", "POST /datasets, POST /datasets/bulk", "visit link"),
    Face(
        "a dataset no more",
        "POST /visits/{code}/datasets/unlink",
        "POST /dataset-removals",
        "visit link",
    ),
    Face("tubes of a visit", "POST /visits/{code}/specimens", "POST /specimens", "register"),
    Face("received", "POST /visits/{code}/received", "POST /receipts", "receive"),
    Face("how it was collected", "POST /visits/{code}/facts", "POST /collection-facts", "note"),
    Face("a spin", "POST /visits/{code}/spins", "POST /spins", "spin"),
    Face(
        "another material",
        "POST /visits/{code}/derivatives, POST /specimens/{code}/derivatives",
        "POST /derivatives",
        "derive",
    ),
    Face("portions", "POST /visits/{code}/aliquots, POST /aliquots", "POST /aliquots", "aliquot"),
)
