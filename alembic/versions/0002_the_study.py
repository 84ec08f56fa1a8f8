"""The study: protocols in full, schedules, kits, consent, pre-analytics."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import sqlmodel

from alembic import op
from biobank import clock, guards

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "arm_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("arm", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_arm_change_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arm_change")),
    )
    with op.batch_alter_table("arm_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_arm_change_participant_id"), ["participant_id"], unique=False)

    op.create_table(
        "consent_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_consent_version_protocol_id_protocol")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_version")),
        sa.UniqueConstraint("protocol_id", "version", name=op.f("uq_consent_version_protocol_id_version")),
    )
    op.create_table(
        "procedure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("happens_on", sa.Date(), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_procedure_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure")),
        sa.UniqueConstraint("participant_id", "number", name=op.f("uq_procedure_participant_id_number")),
    )
    op.create_table(
        "vessel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("primary", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("family", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_vessel_protocol_id_protocol")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vessel")),
        sa.UniqueConstraint("protocol_id", "name", name=op.f("uq_vessel_protocol_id_name")),
    )
    op.create_table(
        "withdrawal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "no_more_collection",
                "no_further_use",
                "destroy",
                name="withdrawallevel",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("withdrawn_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_withdrawal_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("participant_id", name=op.f("uq_withdrawal_participant_id")),
    )
    op.create_table(
        "dataset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_dataset_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint(
            "visit_id", "kind", "external_id", name=op.f("uq_dataset_visit_id_kind_external_id")
        ),
    )
    op.create_table(
        "kit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_kit_event_id_event")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_kit_site_id_site")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_kit_study_id_study")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_kit_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit")),
        sa.UniqueConstraint("code", name=op.f("uq_kit_code")),
    )
    with op.batch_alter_table("kit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kit_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "collection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("specimen_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kept", sa.Enum("room", "cold", "body", name="kept", native_enum=False, length=20), nullable=True
        ),
        sa.Column("lot", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("haemolysis", sa.Integer(), nullable=True),
        sa.Column(
            "source", sa.Enum("home", "clinic", name="source", native_enum=False, length=20), nullable=True
        ),
        sa.Column("stabiliser", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("bristol", sa.Integer(), nullable=True),
        sa.Column(
            "antibiotics",
            sa.Enum("yes", "no", "unknown", name="taken", native_enum=False, length=20),
            nullable=True,
        ),
        sa.Column("antibiotics_on", sa.Date(), nullable=True),
        sa.Column(
            "probiotics",
            sa.Enum("yes", "no", "unknown", name="taken", native_enum=False, length=20),
            nullable=True,
        ),
        sa.Column("probiotics_on", sa.Date(), nullable=True),
        sa.Column(
            "ppi", sa.Enum("yes", "no", "unknown", name="taken", native_enum=False, length=20), nullable=True
        ),
        sa.Column("ppi_on", sa.Date(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["specimen_id"], ["specimen.id"], name=op.f("fk_collection_specimen_id_specimen")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("specimen_id", name=op.f("uq_collection_specimen_id")),
    )
    op.create_table(
        "deviation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("specimen_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column(
            "code",
            sa.Enum(
                "not_collected",
                "low_volume",
                "haemolysed",
                "late_receipt",
                "late_spin",
                "late_freezing",
                "other",
                name="deviationcode",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("limit_minutes", sa.Integer(), nullable=True),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["specimen_id"], ["specimen.id"], name=op.f("fk_deviation_specimen_id_specimen")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_deviation_visit_id_visit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deviation")),
    )
    with op.batch_alter_table("deviation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deviation_specimen_id"), ["specimen_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deviation_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "extract",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("specimen_id", sa.Uuid(), nullable=False),
        sa.Column("concentration", sa.BigInteger(), nullable=True),
        sa.Column("a260_280", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["specimen_id"], ["specimen.id"], name=op.f("fk_extract_specimen_id_specimen")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extract")),
        sa.UniqueConstraint("specimen_id", name=op.f("uq_extract_specimen_id")),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("specimen_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("reservation", "quarantine", "consent", name="holdkind", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("set_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_hold_person_id_person")),
        sa.ForeignKeyConstraint(["specimen_id"], ["specimen.id"], name=op.f("fk_hold_specimen_id_specimen")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hold_specimen_id"), ["specimen_id"], unique=False)

    op.create_table(
        "issued_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("kit_id", sa.Uuid(), nullable=False),
        sa.Column("requirement_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["kit_id"], ["kit.id"], name=op.f("fk_issued_code_kit_id_kit")),
        sa.ForeignKeyConstraint(
            ["requirement_id"], ["requirement.id"], name=op.f("fk_issued_code_requirement_id_requirement")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issued_code")),
        sa.UniqueConstraint("code", name=op.f("uq_issued_code_code")),
        sa.UniqueConstraint("kit_id", "place", name=op.f("uq_issued_code_kit_id_place")),
    )
    op.create_table(
        "spin",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("specimen_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("g", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("celsius", sa.Integer(), nullable=False),
        sa.Column("brake", sa.Boolean(), nullable=False),
        sa.Column(
            "kept_after",
            sa.Enum("room", "cold", "body", name="kept", native_enum=False, length=20),
            nullable=True,
        ),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["specimen_id"], ["specimen.id"], name=op.f("fk_spin_specimen_id_specimen")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spin")),
        sa.UniqueConstraint("specimen_id", "number", name=op.f("uq_spin_specimen_id_number")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("declined", sa.JSON(), nullable=False, server_default="[]"))

    with op.batch_alter_table("container", schema=None) as batch_op:
        batch_op.add_column(sa.Column("celsius", sa.Integer(), nullable=True))

    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("offset_months", sa.Integer(), nullable=False, server_default="0"))

    with op.batch_alter_table("protocol", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("datasets", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("needs", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("all_present", sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table("requirement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("used", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("pooled", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("split", sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table("specimen", schema=None) as batch_op:
        batch_op.add_column(sa.Column("requirement_id", sa.Uuid(), nullable=True))
        batch_op.add_column(
            sa.Column("sprec", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column(
                "sprec_version",
                sqlmodel.sql.sqltypes.AutoString(length=10),
                nullable=False,
                server_default="",
            )
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_specimen_requirement_id_requirement"), "requirement", ["requirement_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_specimen_participant_id"), ["participant_id"], unique=False)
        batch_op.create_index("ix_specimen_study_id_code", ["study_id", "code"], unique=False)
        batch_op.create_index("ix_specimen_material_code", ["material", "code"], unique=False)

    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("occasion", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("procedure_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("opens_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("closes_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("came_on", sa.Date(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "missed_reason",
                sqlmodel.sql.sqltypes.AutoString(length=40),
                nullable=False,
                server_default="",
            )
        )
        batch_op.drop_constraint(batch_op.f("uq_visit_participant_id_event_id"), type_="unique")
        batch_op.create_index("ix_visit_status_closes_on", ["status", "closes_on"], unique=False)
        batch_op.create_unique_constraint(
            batch_op.f("uq_visit_participant_id_event_id_occasion"),
            ["participant_id", "event_id", "occasion"],
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_visit_procedure_id_procedure"), "procedure", ["procedure_id"], ["id"]
        )
    _tell_windows(op.get_bind())
    _begin_arms(op.get_bind())
    guards.assert_guards(op.get_bind())


# --- what was there before, told as it is told from now on ---

_PARTICIPANT = sa.table(
    "participant",
    sa.column("id", sa.Uuid()),
    sa.column("site_id", sa.Uuid()),
    sa.column("arm", sa.String()),
    sa.column("enrolled_on", sa.Date()),
)
_SITE = sa.table("site", sa.column("id", sa.Uuid()), sa.column("time_zone", sa.String()))
_EVENT = sa.table(
    "event",
    sa.column("id", sa.Uuid()),
    sa.column("window_before", sa.Integer()),
    sa.column("window_after", sa.Integer()),
)
_VISIT = sa.table(
    "visit",
    sa.column("id", sa.Uuid()),
    sa.column("participant_id", sa.Uuid()),
    sa.column("event_id", sa.Uuid()),
    sa.column("status", sa.String()),
    sa.column("planned_on", sa.Date()),
    sa.column("took_place_at", sqlmodel.sql.sqltypes.UTCDateTime()),
    sa.column("opens_on", sa.Date()),
    sa.column("closes_on", sa.Date()),
    sa.column("came_on", sa.Date()),
)
_ARM_CHANGE = sa.table(
    "arm_change",
    sa.column("id", sa.Uuid()),
    sa.column("participant_id", sa.Uuid()),
    sa.column("arm", sa.String()),
    sa.column("since", sa.Date()),
)


def _tell_windows(connection: sa.Connection) -> None:
    """The window of each visit that has a day, and the day of each that took place, or no list shows it."""
    visit, event = _VISIT.c, _EVENT.c
    asked = (
        sa.select(visit, event.window_before, event.window_after, _SITE.c.time_zone)
        .select_from(_VISIT)
        .join(_PARTICIPANT, _PARTICIPANT.c.id == visit.participant_id)
        .join(_SITE, _SITE.c.id == _PARTICIPANT.c.site_id)
        .outerjoin(_EVENT, event.id == visit.event_id)
    )
    told = [_days(each) for each in connection.execute(asked)]
    if told:
        days = {name: sa.bindparam(f"new_{name}") for name in ("opens_on", "closes_on", "came_on")}
        connection.execute(sa.update(_VISIT).where(visit.id == sa.bindparam("key")).values(days), told)


def _days(visit: sa.Row[Any]) -> dict[str, Any]:
    opens, closes, came = None, None, None
    if visit.planned_on and visit.window_before is not None:
        opens = visit.planned_on - timedelta(days=visit.window_before)
        closes = visit.planned_on + timedelta(days=visit.window_after)
    if visit.took_place_at and visit.status == "done":
        came = visit.took_place_at.astimezone(ZoneInfo(visit.time_zone)).date()
    return {"key": visit.id, "new_opens_on": opens, "new_closes_on": closes, "new_came_on": came}


def _begin_arms(connection: sa.Connection) -> None:
    """Whoever is in an arm was enrolled in it: arms did not change before, and its history begins there."""
    people = connection.execute(sa.select(_PARTICIPANT).where(_PARTICIPANT.c.arm != ""))
    begun = [
        {"id": clock.new_key(), "participant_id": each.id, "arm": each.arm, "since": each.enrolled_on}
        for each in people
    ]
    if begun:
        connection.execute(sa.insert(_ARM_CHANGE), begun)


def downgrade() -> None:
    """There is no way back: a ledger is not undone."""
    raise NotImplementedError("migrations go forward only; restore a backup instead")
