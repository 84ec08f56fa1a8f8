"""What people call the parts of an audit."""

from collections.abc import Mapping

from biobank.tables import AuditDecision, AuditMethod, BoxState, Mark, Result, ScanSource, Trigger, Weighting
from biobank.texts import N_

RESULTS: Mapping[Result, str] = {
    Result.FOUND: N_("Found"),
    Result.WRONG_SLOT: N_("Wrong slot here"),
    Result.WRONG_CONTAINER: N_("Wrong container"),
    Result.MISSING: N_("Missing tube"),
    Result.UNEXPECTED: N_("Unexpected"),
    Result.UNKNOWN: N_("Unknown code"),
    Result.UNREADABLE: N_("Unreadable"),
    Result.DUPLICATE: N_("Same code twice"),
    Result.EMPTY: N_("Empty as expected"),
}

DECISIONS: Mapping[AuditDecision, str] = {
    AuditDecision.MOVED: N_("Record moved to where it was found"),
    AuditDecision.PUT_BACK: N_("Put back where it belongs"),
    AuditDecision.MISSING: N_("Missing; it is sought"),
    AuditDecision.REGISTERED: N_("Registered"),
    AuditDecision.RELABELLED: N_("Relabelled"),
    AuditDecision.EXPLAINED: N_("Explained"),
}

METHODS: Mapping[AuditMethod, str] = {
    AuditMethod.FULL: N_("Every tube"),
    AuditMethod.SAMPLE: N_("A sample"),
}

WEIGHTINGS: Mapping[Weighting, str] = {
    Weighting.RANDOM: N_("Every tube alike"),
    Weighting.RISK: N_("Those at risk more often"),
}

TRIGGERS: Mapping[Trigger, str] = {
    Trigger.ROUTINE: N_("Routine"),
    Trigger.CUSTODIAN_CHANGE: N_("Change of custodian"),
    Trigger.PLANNED_MOVE: N_("Planned move"),
    Trigger.LEAVER: N_("Somebody left"),
    Trigger.LOSS: N_("Theft or loss"),
    Trigger.DESTRUCTION: N_("Destruction"),
    Trigger.OTHER: N_("Another reason"),
}

STATES: Mapping[BoxState, str] = {
    BoxState.OPEN: N_("To be counted"),
    BoxState.COUNTING: N_("Being counted"),
    BoxState.AGAIN: N_("To be counted again by another person"),
    BoxState.COUNTED: N_("Counted"),
}

STATUSES: Mapping[str, str] = {
    "planned": N_("Planned"),
    "counting": N_("Being counted"),
    "performed": N_("Waits for review"),
    "closed": N_("Closed"),
    "cancelled": N_("Given up"),
}

MARKS: Mapping[Mark, str] = {
    Mark.TUBE: N_("Tube"),
    Mark.EMPTY: N_("Empty"),
    Mark.UNREADABLE: N_("Unreadable"),
}

SOURCES: Mapping[ScanSource, str] = {
    ScanSource.SCANNER: N_("Scanner"),
    ScanSource.TYPED: N_("Typed"),
    ScanSource.RACK_FILE: N_("Rack file"),
    ScanSource.PAPER: N_("From paper"),
}

EVENTS: Mapping[str, str] = {
    "opened": N_("Opened"),
    "changed": N_("Changed"),
    "decided": N_("Decided"),
    "signed": N_("Signed"),
    "closed": N_("Closed"),
}
"""What happens to an audit, by the word that the log has for it."""
