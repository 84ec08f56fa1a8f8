"""Words for the fields of what was sent, for a refusal that stands on a page of its own, without its form."""

from collections.abc import Mapping

from biobank.texts import N_, gettext

WORDS: Mapping[str, str] = {
    "again": N_("The same again"),
    "amount": N_("Amount"),
    "arm": N_("Arm"),
    "barcode": N_("Barcode"),
    "box": N_("Box"),
    "celsius": N_("Temperature (°C)"),
    "code": N_("Code"),
    "codes": N_("Codes"),
    "collected": N_("Time of collection"),
    "cols": N_("Columns"),
    "container": N_("Container"),
    "count": N_("Count"),
    "due": N_("Due back"),
    "enrolled_on": N_("Enrolled on"),
    "event": N_("Event"),
    "expires_on": N_("Expires on"),
    "external_id": N_("Its id where it is kept"),
    "file": N_("File"),
    "given_on": N_("Signed on"),
    "into": N_("Into"),
    "kind": N_("Kind"),
    "level": N_("Level"),
    "lot": N_("Lot"),
    "material": N_("Material"),
    "name": N_("Name"),
    "note": N_("Note"),
    "occurred": N_("Happened"),
    "participant": N_("Participant"),
    "password": N_("Password"),
    "person": N_("Person"),
    "pin": N_("PIN"),
    "printer": N_("Printer"),
    "pseudonym": N_("Pseudonym"),
    "purpose": N_("Purpose"),
    "reason": N_("Reason"),
    "role": N_("Role"),
    "rows": N_("Rows"),
    "scopes": N_("What the participant agrees to"),
    "site": N_("Site"),
    "slot": N_("Slot"),
    "slots": N_("Slots"),
    "stock": N_("Label stock"),
    "study": N_("Study"),
    "tube": N_("Tube"),
    "tubes": N_("Tubes"),
    "type": N_("Type"),
    "version": N_("Consent version"),
    "visit": N_("Visit"),
    "withdrawn_on": N_("Withdrawn on"),
}


def named(field: str) -> str:
    """A field as a person reads it: `enrolled_on` as its label, `specimens.3.code` as row 4 and a name.

    A name we have no words for, such as a study's own, is written without the signs between its words.
    """
    parts = field.split(".")
    names = [part for part in parts if not part.isdecimal()]
    rows = [gettext("row %(row)s") % {"row": int(part) + 1} for part in parts if part.isdecimal()]
    told = [gettext(WORDS.get(name) or name.replace("_", " ")) for name in names[-1:]]
    return " · ".join(rows + told)
