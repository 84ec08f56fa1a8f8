"""What is sent to us: strict with programs, forgiving with forms, and never anybody's identity."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from biobank import clock
from biobank.errors import Malformed, Refusal, Refusals, RuleBroken
from biobank.texts import N_

Model = TypeVar("Model", bound="Input")

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_EARLIEST, _LATEST = 1900, 2200
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PERCENT = re.compile(r"\d{1,2}(\.\d{1,4})?", re.ASCII)
_ID_CARD = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)", re.ASCII)
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)", re.ASCII)
_DATE = re.compile(r"(?<!\d)(19|20)\d\d[-./]?(0[1-9]|1[0-2])[-./]?(0[1-9]|[12]\d|3[01])(?!\d)", re.ASCII)
_OBJECT_ID = re.compile(r"[0-2](\.(0|[1-9]\d*)){5,}", re.ASCII)  # ITU-T X.660; DICOM PS3.5, 9


class Input(BaseModel):
    """Base of everything sent to us: unknown fields are refused, one model serves form and JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _forgive_forms(cls, sent: Any, info: ValidationInfo) -> Any:
        """A form sends one value where a list is meant, and an empty text where nothing is."""
        if not _is_form(info) or not isinstance(sent, dict):
            return sent
        filled = {name: value for name, value in sent.items() if value != ""}
        for name, field in cls.model_fields.items():
            if name in filled and _wants_several(field.annotation) and not isinstance(filled[name], list):
                filled[name] = [filled[name]]
        return filled


def read(model: type[Model], sent: object, *, form: bool = False) -> Model:
    """Make an order of what was sent; every field that will not do is named in one refusal."""
    try:
        return model.model_validate(sent, context={"form": form})
    except ValidationError as error:
        raise refused(error.errors(include_url=False)) from None


# --- what pydantic says, in our words ---

_WORDS = {
    "missing": N_("This is needed."),
    "extra_forbidden": N_("There is no such field. Leave it out."),
    "string_too_long": N_("This is too long: at most %(max_length)s characters."),
    "string_too_short": N_("This is needed."),
    "too_long": N_("There are too many: at most %(max_length)s."),
    "too_short": N_("At least %(min_length)s is needed."),
    "greater_than_equal": N_("This must be at least %(ge)s."),
    "less_than_equal": N_("This must be at most %(le)s."),
    "literal_error": N_("This must be one of: %(expected)s."),
    "enum": N_("This must be one of: %(expected)s."),
    "string_type": N_("This must be text."),
    "timezone_aware": N_("The time needs its offset, such as 2026-05-04T09:30:00+08:00."),
}
_OTHERWISE = N_("This cannot be read.")


def refused(errors: list[ErrorDetails]) -> Refusals:
    """Every field pydantic found fault with, each as a refusal of ours."""
    each: list[Refusal] = []
    for error in errors[:50]:
        kind = error["type"]
        if kind in ("too_short", "too_long") and isinstance(error["input"], str):
            kind = f"string_{kind}"  # what a text is told that was cleaned before it was measured
        facts = {name: value for name, value in error.get("ctx", {}).items() if isinstance(value, str | int)}
        ours = kind not in _WORDS and facts.pop("ours", False)
        if "expected" in facts:  # pydantic's own English stands before the last
            facts["expected"] = ", ".join(str(facts["expected"]).rsplit(" or ", 1))
        message = error["msg"] if ours else _WORDS.get(kind, _OTHERWISE)
        field = ".".join(str(part) for part in error["loc"]) or None
        each.append((RuleBroken if ours == "rule" else Malformed)(kind, message, field=field, **facts))
    return Refusals("input_refused", N_("What was sent cannot be used. See each field."), each)


def _fault(slug: str, message: str, *, rule: bool = False) -> PydanticCustomError:
    # pydantic only carries the message id; it is put into words where refusals are.
    return PydanticCustomError(slug, message, {"ours": "rule" if rule else "shape"})


def _is_form(info: ValidationInfo) -> bool:
    return bool(info.context and info.context.get("form"))


def _wants_several(annotation: object) -> bool:
    return getattr(annotation, "__origin__", None) in {list, tuple}


# --- kinds of field ---


def _whole(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str) and _is_form(info) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _fault("not_whole", N_("This must be a whole number."))


def _flag(value: object, info: ValidationInfo) -> object:
    if isinstance(value, bool):
        return value
    if _is_form(info) and value in {"on", "true", "false"}:
        return value != "false"
    raise _fault("not_flag", N_("This must be true or false."))


def _moment(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _MOMENT.fullmatch(value)):
        return value
    raise _fault("not_time", N_("This must be a time with its offset, such as 2026-05-04T09:30:00+08:00."))


def _percent(value: object) -> object:
    text = f"{value:f}" if isinstance(value, Decimal) else str(value).strip()
    known = isinstance(value, str | int | float | Decimal) and not isinstance(value, bool)
    if known and _PERCENT.fullmatch(text) and float(text):
        return Decimal(text)
    raise _fault(
        "not_percent", N_("This must be a share in percent above 0 and below 100, such as 1, 0.5 or 95.")
    )


def _sensible(value: datetime) -> datetime:
    try:
        future = value > clock.now() + clock.FUTURE_TOLERANCE
    except OverflowError:
        future = True
    if future:
        raise _fault("time_in_future", N_("This time is in the future. Check the date."), rule=True)
    if value.year < _EARLIEST or (value.utcoffset() or timedelta()) % timedelta(minutes=1):
        raise _fault("not_time", N_("This time is too long ago to be right."))
    return value


def _foreseeable(value: datetime) -> datetime:
    if not _EARLIEST <= value.year < _LATEST or (value.utcoffset() or timedelta()) % timedelta(minutes=1):
        raise _fault("not_due", N_("This time is too far away to be right."))
    return value


def _sensible_day(value: date) -> date:
    if value > clock.now().date() + timedelta(days=1):  # somewhere on Earth it is tomorrow already
        raise _fault("time_in_future", N_("This time is in the future. Check the date."), rule=True)
    if value.year < _EARLIEST:
        raise _fault("not_time", N_("This time is too long ago to be right."))
    return value


def _day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise _fault("not_day", N_("This must be a day, such as 2026-12-31."))


def _foreseeable_day(value: date) -> date:
    if not _EARLIEST <= value.year < _LATEST:
        raise _fault("not_due", N_("This day is too far away to be right."))
    return value


def _clean(keep: str = "") -> Callable[[str], str]:
    def clean(text: str) -> str:
        composed = unicodedata.normalize("NFC", text).strip()
        for character in composed:
            if character not in keep and unicodedata.category(character) in _INVISIBLE:
                raise _fault("not_printable", N_("This holds a character that cannot be seen. Type it anew."))
        return composed

    return clean


def _nobody(text: str) -> str:
    """Refuse a national id, a phone number or a date: a pseudonym names nobody."""
    if _ID_CARD.search(text) or _MOBILE.search(text) or _DATE.search(text) or _looks_like_phone(text):
        raise _fault(
            "looks_like_identity",
            N_("This looks like a national id, a phone number or a date. Use the study's pseudonym."),
            rule=True,
        )
    return text


def _nobodys(text: str) -> str:
    """Refuse blanks, and what could name somebody; an object identifier, as images have, cannot."""
    if any(character.isspace() for character in text):
        raise _fault("has_blanks", N_("This may hold no blanks."))
    return text if _OBJECT_ID.fullmatch(text) else _nobody(text)


def _anonymous(text: str) -> str:
    """Refuse a note with a valid national id number or a lone mobile number (dates only warn)."""
    if any(_valid_id_card(number) for number in _ID_CARD.findall(text)) or _MOBILE.search(text):
        raise _fault(
            "note_names_somebody",
            N_("This note holds a national id or a mobile number. Take it out."),
            rule=True,
        )
    return text


def _looks_like_phone(text: str) -> bool:
    bare = re.sub(r"[ ()+.-]", "", text)
    return bare.isdigit() and len(bare) >= 11


def _valid_id_card(number: str) -> bool:
    """The check digit of a Chinese resident number, ISO 7064 MOD 11-2 (GB 11643-1999)."""
    weighted = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return "10X98765432"[weighted % 11] == number[17].upper()


Whole = Annotated[int, BeforeValidator(_whole), Field(ge=-(2**31), le=2**31 - 1)]
"""A whole number that fits its column on both databases."""

Flag = Annotated[bool, BeforeValidator(_flag)]
Day = Annotated[date, AfterValidator(_sensible_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_sensible)]
Deadline = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_foreseeable)]
"""A time by which something shall be: it may be still to come."""
DueDay = Annotated[date, BeforeValidator(_day), AfterValidator(_foreseeable_day)]
"""A day by which something shall be: it may be still to come."""
Line = Annotated[str, AfterValidator(_clean()), StringConstraints(min_length=1, max_length=200)]
Scanned = Annotated[
    str, StringConstraints(min_length=1, max_length=100), AfterValidator(_clean("\r\n\t\x1d"))
]
Pseudonym = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$"),
    AfterValidator(_nobody),
]
ExternalId = Annotated[
    str,
    AfterValidator(_clean()),
    StringConstraints(min_length=1, max_length=100),
    AfterValidator(_nobodys),
]
"""The id that something has elsewhere, without blanks."""
Note = Annotated[
    str, AfterValidator(_clean("\n\t")), AfterValidator(_anonymous), StringConstraints(max_length=2000)
]
Naming = Annotated[Line, AfterValidator(_anonymous)]
"""What somebody calls a thing; like a note, it names nobody."""
Vessel = Annotated[str, AfterValidator(_clean()), StringConstraints(max_length=40)]
"""What something stands in, in words: `EDTA 10 mL`; may be empty."""
Percent = Annotated[Decimal, BeforeValidator(_percent), Field(gt=0, lt=100)]
"""A share in hundredths, as people say it: 1, 0.5, 95."""
AmountText = Annotated[str, StringConstraints(min_length=1, max_length=40)]
