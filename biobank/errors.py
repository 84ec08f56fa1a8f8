"""Refusals: what went wrong, where, and what to do about it.

A refusal is a slug, an English message id with named places, and the facts that fill them.
It knows nothing of HTTP; `web.py` holds the one table from kind to status.
"""

Fact = str | int


class Refusal(Exception):
    """Something asked for that is not done. Nothing of it was kept."""

    def __init__(self, slug: str, message: str, *, field: str | None = None, **facts: Fact) -> None:
        super().__init__(slug)
        self.slug = slug
        self.message = message
        self.field = field
        self.facts = facts
        self.line: int | None = None
        """The line of the file it was read in, from 1; set by who reads files that people write."""

    def __str__(self) -> str:
        return self.message % self.facts if self.facts else self.message


class Malformed(Refusal):
    """It cannot be read, or has the wrong shape."""


class NotSignedIn(Refusal):
    """Nobody is signed in, or the session or token has ended."""


class NotAllowed(Refusal):
    """The person may see it, but may not do this."""


class NotFound(Refusal):
    """It does not exist, or is out of the person's scope: the answer is the same."""


class Conflict(Refusal):
    """Somebody else has it, or what the person saw is stale."""


class RuleBroken(Refusal):
    """Well formed, but a rule of the domain refuses it."""


class TooOften(Refusal):
    """Tried again too soon after too many failures; its fact `seconds` says how long to wait."""


class Busy(Refusal):
    """The database could not serve it now; the same command may be sent again."""


class Refusals(Refusal):
    """Several refusals at once, for a file or a batch: nothing of it was kept."""

    def __init__(self, slug: str, message: str, each: list[Refusal], **facts: Fact) -> None:
        super().__init__(slug, message, field=None, **facts)
        self.each = each
