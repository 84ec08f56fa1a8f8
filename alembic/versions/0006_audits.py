"""Audits: their plans, the snapshot of each, every scan, and what was decided."""

import sqlalchemy as sa
import sqlmodel

from alembic import op
from biobank import guards

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("study_id", sa.Uuid(), nullable=True),
        sa.Column("container_id", sa.Uuid(), nullable=True),
        sa.Column("tubes", sa.JSON(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column(
            "trigger",
            sa.Enum(
                "routine",
                "custodian_change",
                "planned_move",
                "leaver",
                "loss",
                "destruction",
                "other",
                name="trigger",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "method",
            sa.Enum("full", "sample", name="auditmethod", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("share_ppm", sa.Integer(), nullable=True),
        sa.Column("limit_ppm", sa.Integer(), nullable=True),
        sa.Column("confidence_ppm", sa.Integer(), nullable=True),
        sa.Column(
            "weighting",
            sa.Enum("random", "risk", name="weighting", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("shelf_slots", sa.Integer(), nullable=False),
        sa.Column("seed", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("second_count", sa.Boolean(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("opened_by_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("started_by_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.Column("drawn", sa.Integer(), nullable=True),
        sa.Column("snapshot_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("performed_by_id", sa.Uuid(), nullable=True),
        sa.Column("performed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("result_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("reviewed_by_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("cancelled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_audit_container_id_container")
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["person.id"], name=op.f("fk_audit_opened_by_id_person")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_audit_owner_id_person")),
        sa.ForeignKeyConstraint(
            ["performed_by_id"], ["person.id"], name=op.f("fk_audit_performed_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by_id"], ["person.id"], name=op.f("fk_audit_reviewed_by_id_person")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_audit_site_id_site")),
        sa.ForeignKeyConstraint(["started_by_id"], ["person.id"], name=op.f("fk_audit_started_by_id_person")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_audit_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_container_id"), ["container_id"], unique=False)
        batch_op.create_index(
            "ix_audit_due",
            ["due_on"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL AND cancelled_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL AND cancelled_at IS NULL"),
        )

    op.create_table(
        "audit_box",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("audit_id", sa.Uuid(), nullable=False),
        sa.Column("container_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("path", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("empty", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("open", "counting", "again", "counted", name="boxstate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("counted_by_id", sa.Uuid(), nullable=True),
        sa.Column("counted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("second_by_id", sa.Uuid(), nullable=True),
        sa.Column("second_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("rack_file_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_audit_box_audit_id_audit")),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_audit_box_container_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["counted_by_id"], ["person.id"], name=op.f("fk_audit_box_counted_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["rack_file_id"], ["rack_file.id"], name=op.f("fk_audit_box_rack_file_id_rack_file")
        ),
        sa.ForeignKeyConstraint(
            ["second_by_id"], ["person.id"], name=op.f("fk_audit_box_second_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_box")),
    )
    with op.batch_alter_table("audit_box", schema=None) as batch_op:
        batch_op.create_index("ix_audit_box_audit_id_position", ["audit_id", "position"], unique=True)
        batch_op.create_index(batch_op.f("ix_audit_box_container_id"), ["container_id"], unique=False)

    op.create_table(
        "audit_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("audit_id", sa.Uuid(), nullable=False),
        sa.Column("box_id", sa.Uuid(), nullable=False),
        sa.Column("specimen_id", sa.Uuid(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("col", sa.Integer(), nullable=True),
        sa.Column("by_shelf", sa.Boolean(), nullable=False),
        sa.Column("in_snapshot", sa.Boolean(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column(
            "result",
            sa.Enum(
                "found",
                "wrong_slot",
                "wrong_container",
                "missing",
                "unexpected",
                "unknown",
                "unreadable",
                "duplicate",
                "empty",
                name="result",
                native_enum=False,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column(
            "first_result",
            sa.Enum(
                "found",
                "wrong_slot",
                "wrong_container",
                "missing",
                "unexpected",
                "unknown",
                "unreadable",
                "duplicate",
                "empty",
                name="result",
                native_enum=False,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("found_box_id", sa.Uuid(), nullable=True),
        sa.Column("found_row", sa.Integer(), nullable=True),
        sa.Column("found_col", sa.Integer(), nullable=True),
        sa.Column("moved_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "decision",
            sa.Enum(
                "moved",
                "put_back",
                "missing",
                "registered",
                "relabelled",
                "explained",
                name="decision",
                native_enum=False,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_audit_line_audit_id_audit")),
        sa.ForeignKeyConstraint(["box_id"], ["audit_box.id"], name=op.f("fk_audit_line_box_id_audit_box")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_audit_line_decided_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["found_box_id"], ["audit_box.id"], name=op.f("fk_audit_line_found_box_id_audit_box")
        ),
        sa.ForeignKeyConstraint(
            ["moved_by_id"], ["custody_event.id"], name=op.f("fk_audit_line_moved_by_id_custody_event")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_audit_line_owner_id_person")),
        sa.ForeignKeyConstraint(
            ["specimen_id"], ["specimen.id"], name=op.f("fk_audit_line_specimen_id_specimen")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_line")),
    )
    with op.batch_alter_table("audit_line", schema=None) as batch_op:
        batch_op.create_index("ix_audit_line_audit_id_box_id", ["audit_id", "box_id"], unique=False)
        batch_op.create_index("ix_audit_line_audit_id_specimen_id", ["audit_id", "specimen_id"], unique=True)
        batch_op.create_index(
            "ix_audit_line_finding",
            ["audit_id", "result"],
            unique=False,
            sqlite_where=sa.text("result <> 'found'"),
            postgresql_where=sa.text("result <> 'found'"),
        )
        batch_op.create_index(batch_op.f("ix_audit_line_specimen_id"), ["specimen_id"], unique=False)

    op.create_table(
        "audit_scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("audit_id", sa.Uuid(), nullable=False),
        sa.Column("box_id", sa.Uuid(), nullable=False),
        sa.Column("counting", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("col", sa.Integer(), nullable=True),
        sa.Column(
            "mark",
            sa.Enum("tube", "empty", "unreadable", name="mark", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("specimen_id", sa.Uuid(), nullable=True),
        sa.Column("was_container_id", sa.Uuid(), nullable=True),
        sa.Column("was_row", sa.Integer(), nullable=True),
        sa.Column("was_col", sa.Integer(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "scanner", "typed", "rack_file", "paper", name="scansource", native_enum=False, length=20
            ),
            nullable=False,
        ),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("scanned_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_audit_scan_audit_id_audit")),
        sa.ForeignKeyConstraint(["box_id"], ["audit_box.id"], name=op.f("fk_audit_scan_box_id_audit_box")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_audit_scan_person_id_person")),
        sa.ForeignKeyConstraint(
            ["specimen_id"], ["specimen.id"], name=op.f("fk_audit_scan_specimen_id_specimen")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_audit_scan_station_id_station")
        ),
        sa.ForeignKeyConstraint(
            ["was_container_id"], ["container.id"], name=op.f("fk_audit_scan_was_container_id_container")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_scan")),
    )
    with op.batch_alter_table("audit_scan", schema=None) as batch_op:
        batch_op.create_index("ix_audit_scan_audit_id_specimen_id", ["audit_id", "specimen_id"], unique=False)
        batch_op.create_index("ix_audit_scan_box_id", ["box_id", "id"], unique=False)

    with op.batch_alter_table("rack_file", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rack_file_waiting",
            ["site_id"],
            unique=False,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )

    guards.assert_guards(op.get_bind())


def downgrade() -> None:
    """There is no way back: a ledger is not undone."""
    raise NotImplementedError("migrations go forward only; restore a backup instead")
