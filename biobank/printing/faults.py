"""Faults: why a print job does not get on, as it is kept beside it."""

import msgspec

from biobank.tables import PrintJob


class Fault(msgspec.Struct, frozen=True):
    """Why a job does not get on: a refusal's slug, its message id, and the facts that fill it.

    `tries` is how often it was tried in vain.
    """

    slug: str
    message: str
    facts: dict[str, str | int] = {}
    tries: int = 0


def fault_of(job: PrintJob) -> Fault | None:
    """Why a job does not get on; None where nothing is known against it."""
    return msgspec.json.decode(job.facts, type=Fault) if job.fault else None
