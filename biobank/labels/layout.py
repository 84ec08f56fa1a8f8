"""Layout: the face of a tube's label as it was ordered before faces were of several objects."""

from biobank.labels.shapes import POINT, Face, Font, Of

__all__ = ["POINT", "Font", "LabelFace"]


def LabelFace(  # noqa: N802, PLR0913
    code: str, material: str, event: str = "", amount: str = "", number: str = "", participant: str = ""
) -> Face:
    """A tube's face."""
    fields = {"material": material, "event": event, "amount": amount, "number": number}
    return Face(code, Of.SPECIMEN, {**fields, "participant": participant})
