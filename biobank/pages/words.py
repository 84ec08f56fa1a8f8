"""Words for what the database writes in codes: kinds of event, states, levels, times."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from biobank.texts import N_, gettext

WORDS: Mapping[str, str] = {
    # what happened
    "registered": N_("Registered"),
    "collected": N_("Collected"),
    "not_collected": N_("Not collected"),
    "received": N_("Received"),
    "rejected": N_("Rejected"),
    "processed": N_("Processed"),
    "amount_posted": N_("Amount changed"),
    "placed": N_("Stored"),
    "taken_out": N_("Taken out"),
    "sighted": N_("Seen in its place"),
    "hold_set": N_("Put on hold"),
    "hold_lifted": N_("Hold lifted"),
    "thawed": N_("Thawed"),
    "identified": N_("Identifier added"),
    "identifier_retired": N_("Identifier retired"),
    "label_printed": N_("Label printed"),
    "label_applied": N_("Label applied"),
    "packed": N_("Packed"),
    "sent": N_("Sent"),
    "delivered": N_("Delivered"),
    "came_back": N_("Came back"),
    "ended": N_("Ended"),
    "noted": N_("Note added"),
    "made": N_("Made"),
    "changed": N_("Changed"),
    "retired": N_("Retired"),
    "opened": N_("Opened"),
    "decided": N_("Decided"),
    "signed": N_("Signed"),
    "closed": N_("Closed"),
    # what events are about, how they came in, and which parts of a state changed
    "about.specimen": N_("tube"),
    "about.container": N_("container"),
    "about.participant": N_("participant"),
    "about.visit": N_("visit"),
    "about.kit": N_("kit"),
    "about.study": N_("study"),
    "about.person": N_("person"),
    "about.station": N_("station"),
    "source.typed": N_("typed"),
    "source.scanned": N_("scanned"),
    "source.file": N_("file"),
    "source.other": N_("page or program"),
    "what.active": N_("account"),
    "what.blocked": N_("blocked slots"),
    "what.celsius": N_("temperature"),
    "what.code": N_("code"),
    "what.consents": N_("consents"),
    "what.datasets": N_("datasets"),
    "what.end_reason": N_("reason of the end"),
    "what.event": N_("event"),
    "what.grants": N_("roles"),
    "what.holds": N_("holds"),
    "what.identifiers": N_("identifiers"),
    "what.label": N_("event"),
    "what.life": N_("state"),
    "what.may_hold": N_("what it may hold"),
    "what.missed": N_("reason it was missed"),
    "what.noted": N_("dates"),
    "what.occasion": N_("occasion"),
    "what.protocol": N_("protocol"),
    "what.retired": N_("use"),
    "what.site": N_("site"),
    "what.status": N_("status"),
    "what.thaws": N_("thaws"),
    "what.told": N_("what is noted"),
    "what.took_place": N_("time"),
    "what.type": N_("type"),
    "what.visit": N_("visit"),
    "what.withdrawn": N_("withdrawal"),
    # kinds of specimen
    "primary": N_("Primary"),
    "derivative": N_("Derivative"),
    "aliquot": N_("Aliquot"),
    # lives
    "expected": N_("expected"),
    "life.collected": N_("collected"),
    "active": N_("active"),
    "life.ended": N_("ended"),
    # containers and their slots
    "freezer": N_("freezer"),
    "shelf": N_("shelf"),
    "rack": N_("rack"),
    "box": N_("box"),
    "empty": N_("empty"),
    "occupied": N_("occupied"),
    "kept": N_("taken out, slot kept"),
    "reserved": N_("reserved"),
    "blocked": N_("blocked"),
    # what tubes are taken out for
    "purpose.processing": N_("processing"),
    "purpose.aliquoting": N_("aliquoting"),
    "purpose.quality_control": N_("quality control"),
    "purpose.shipping": N_("shipping"),
    "purpose.relocation": N_("relocation"),
    "purpose.destruction": N_("destruction"),
    "purpose.other": N_("other"),
    "levels.freezer": N_("Freezers"),
    "levels.shelf": N_("Shelves"),
    "levels.rack": N_("Racks"),
    "levels.box": N_("Boxes"),
    # how slots are named and filled, and boxes held
    "labels.letters": N_("letters"),
    "labels.numbers": N_("numbers"),
    "numbering.grid": N_("by row and column, such as B7"),
    "numbering.by_row": N_("counted along the rows"),
    "numbering.by_column": N_("counted down the columns"),
    "fill.by_row": N_("along the rows, from the top left"),
    "fill.by_column": N_("down the columns, from the top left"),
    "fill.by_row_top_right": N_("along the rows, from the top right"),
    "fill.by_row_low_left": N_("along the rows, from the bottom left"),
    "fill.by_row_low_right": N_("along the rows, from the bottom right"),
    "fill.by_col_top_right": N_("down the columns, from the top right"),
    "fill.by_col_low_left": N_("up the columns, from the bottom left"),
    "fill.by_col_low_right": N_("up the columns, from the bottom right"),
    "colour.study": N_("Study"),
    "colour.material": N_("Material"),
    "colour.event": N_("Event"),
    "holder.shelf": N_("in a row on each shelf"),
    "holder.stack": N_("in racks of one column"),
    "holder.rack": N_("in racks of several columns"),
    "holder.tray_rack": N_("in racks of trays"),
    "holder.loose": N_("loose on each shelf"),
    # what a container may be limited in
    "about.studies": N_("Studies"),
    "about.materials": N_("Materials"),
    "about.storage": N_("Storage classes"),
    "about.types": N_("Container types"),
    "about.vessels": N_("Kinds of tube"),
    # what a well of a rack's file is
    "verdict.match": N_("in its place"),
    "verdict.new_here": N_("new here"),
    "verdict.moved_from": N_("moved here"),
    "verdict.unknown": N_("unknown"),
    "verdict.unreadable": N_("unreadable"),
    "verdict.absent": N_("absent"),
    "verdict.duplicate": N_("twice"),
    "verdict.empty": N_("empty"),
    # how boxes are chosen
    "strategy.first_free": N_("the first free slots"),
    "strategy.least_empty": N_("the fullest boxes first"),
    "strategy.together": N_("a participant together"),
    "strategy.split": N_("aliquots over two freezers"),
    "strategy.origin": N_("back to where they were"),
    # visits
    "planned": N_("planned"),
    "done": N_("done"),
    "missed": N_("missed"),
    "cancelled": N_("cancelled"),
    "due": N_("due"),
    "overdue": N_("overdue"),
    "upcoming": N_("to come"),
    "out_of_window": N_("out of the window"),
    # why a visit was missed
    "declined": N_("declined"),
    "unreachable": N_("not reached"),
    "ill": N_("ill"),
    "moved_away": N_("moved away"),
    "withdrew": N_("withdrew"),
    "site_closed": N_("site closed"),
    "other": N_("other"),
    # how far a withdrawal goes
    "no_more_collection": N_("no more collection"),
    "no_further_use": N_("no further use"),
    "destroy": N_("destroy what is kept"),
    # what went otherwise
    "deviation.not_collected": N_("not collected"),
    "deviation.low_volume": N_("low volume"),
    "deviation.haemolysed": N_("haemolysed"),
    "deviation.late_receipt": N_("received late"),
    "deviation.late_spin": N_("spun late"),
    "deviation.late_freezing": N_("frozen late"),
    "deviation.other": N_("other"),
    # why a specimen ended
    "end.not_collected": N_("not collected"),
    "end.rejected": N_("rejected"),
    "end.depleted": N_("used up"),
    "end.distributed": N_("given away"),
    "end.destroyed": N_("destroyed"),
    "end.lost": N_("lost"),
    "end.replaced": N_("label replaced"),
    # why a tube is discarded
    "discard.broken": N_("broken"),
    "discard.contaminated": N_("contaminated"),
    "discard.thawed": N_("thawed"),
    "discard.empty": N_("empty"),
    "discard.consent": N_("consent withdrawn"),
    "discard.expired": N_("kept long enough"),
    "discard.other": N_("other"),
    # how something was collected
    "kept.room": N_("at room temperature"),
    "kept.cold": N_("at 2 to 10 °C"),
    "kept.body": N_("at 35 to 38 °C"),
    "source.home": N_("home"),
    "source.clinic": N_("clinic"),
    "taken.yes": N_("yes"),
    "taken.no": N_("no"),
    "taken.unknown": N_("not known"),
    # why a specimen is held back
    "hold.reservation": N_("reserved"),
    "hold.quarantine": N_("in quarantine"),
    "hold.consent": N_("consent withdrawn"),
    # what a code of a list came to, and what it names
    "found.found": N_("found"),
    "found.unknown": N_("unknown"),
    "found.ambiguous": N_("more than one"),
    "found.specimen": N_("tube"),
    "found.container": N_("container"),
    "found.visit": N_("visit"),
    "found.kit": N_("kit"),
    "found.participant": N_("participant"),
    # where a tube is, in a word
    "custody.slot": N_("in a slot"),
    "custody.unplaced": N_("without a slot"),
    "custody.out": N_("out"),
    "custody.none": N_("place not known"),
    # what a specimen is kept in
    "family.cryotube": N_("cryotube"),
    "family.pp": N_("polypropylene tube"),
    "family.original": N_("the tube it was drawn in"),
    # why the log says that something was done
    "reason.place_disputed": N_("place in dispute"),
    "reason.place_settled": N_("dispute of its place settled"),
    "reason.withdrawn": N_("consent withdrawn"),
    "reason.frost": N_("Frost"),
    "reason.torn": N_("Torn"),
    "reason.faded": N_("Faded"),
    "reason.missing": N_("Missing"),
    "reason.misprint": N_("Misprint"),
    "reason.lost": N_("Lost"),
    # what labels are stuck to
    "of.specimen": N_("tubes"),
    "of.cap": N_("caps"),
    "of.box": N_("boxes"),
    "of.rack": N_("racks and shelves"),
    "of.freezer": N_("freezers"),
    "of.kit": N_("kits"),
    "of.badge": N_("badges"),
    "of.card": N_("command cards"),
    "of.request": N_("requests"),
    # how far a print job is
    "job.queued": N_("waiting"),
    "job.sending": N_("printing"),
    "job.asking": N_("asks"),
    "job.stopped": N_("stopped"),
    "job.failed": N_("failed"),
    "job.done": N_("printed"),
    # what is known of a label
    "label.queued": N_("waiting"),
    "label.sent": N_("printed?"),
    "label.printed": N_("printed"),
    "label.applied": N_("on its tube"),
    "label.void": N_("void"),
    # what printers are spoken to in
    "language.zpl": N_("ZPL II, as Zebra printers speak it"),
    "language.tspl": N_("TSPL, as TSC printers speak it"),
    "language.brother": N_("Brother QL raster"),
    "language.pdf": N_("a queue of the system (PDF)"),
    # consent
    "storage": N_("storage"),
    "genetics": N_("genetics"),
    "microbiome": N_("microbiome"),
    "foreign_release": N_("release abroad"),
    "recontact": N_("contact again"),
    # what one may do
    "see": N_("see"),
    "handle": N_("handle"),
    "register": N_("register"),
    "print": N_("print"),
    "audit": N_("read the log"),
    "set up": N_("set up"),
    "administer": N_("administer"),
    # roles
    "technician": N_("technician"),
    "auditor": N_("auditor"),
    "researcher": N_("researcher"),
    "manager": N_("manager"),
    "administrator": N_("administrator"),
}


def word(code: str, about: str = "") -> str:
    """A code in the reader's language; one we have no word for (a study's own) stays as it is."""
    return gettext(WORDS.get(f"{about}.{code}") or WORDS.get(code) or code) if code else ""


def why(reason: str) -> str:
    """The reason of an event in the reader's language, whichever of the lists of reasons it is of."""
    lists = ("reason", "end", "discard", "deviation", "hold")
    return word(reason, next((each for each in lists if f"{each}.{reason}" in WORDS), ""))


def moment(when: datetime | date | None, zone: str = "") -> str:
    """A time as people read it in both languages: ISO 8601 to the minute with its offset.

    `zone` is where they are, such as Asia/Shanghai; without it the time keeps the offset it has.
    """
    if when is None:
        return ""
    if not isinstance(when, datetime):
        return when.isoformat()
    shown = when.astimezone(ZoneInfo(zone)) if zone else when if when.tzinfo else when.astimezone(UTC)
    return f"{shown:%Y-%m-%d %H:%M} {shown.isoformat()[-6:]}"
