"""Storage and the bench: what a container may hold, reservations, who is out for what, tasks, stations."""

import sqlalchemy as sa
import sqlmodel

from alembic import op
from biobank import guards

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "evacuation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("container_id", sa.Uuid(), nullable=False),
        sa.Column("opened_by_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("returning_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_evacuation_container_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by_id"], ["person.id"], name=op.f("fk_evacuation_opened_by_id_person")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_evacuation_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evacuation")),
    )
    with op.batch_alter_table("evacuation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evacuation_container_id"), ["container_id"], unique=False)

    op.create_table(
        "exposure_limit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("material", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("warn_minutes", sa.Integer(), nullable=False),
        sa.Column("limit_minutes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocol.id"], name=op.f("fk_exposure_limit_protocol_id_protocol")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exposure_limit")),
        sa.UniqueConstraint("protocol_id", "material", name=op.f("uq_exposure_limit_protocol_id_material")),
    )
    op.create_table(
        "rack_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column(
            "source",
            sa.Enum("upload", "paste", "folder", name="filesource", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("rack_code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("container_id", sa.Uuid(), nullable=True),
        sa.Column("received_by_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("settled_by_id", sa.Uuid(), nullable=True),
        sa.Column("settled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_rack_file_container_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["received_by_id"], ["person.id"], name=op.f("fk_rack_file_received_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["person.id"], name=op.f("fk_rack_file_settled_by_id_person")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_rack_file_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rack_file")),
    )
    with op.batch_alter_table("rack_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rack_file_container_id"), ["container_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rack_file_sha256"), ["sha256"], unique=False)
        batch_op.create_index("ix_rack_file_site_id_rack_code", ["site_id", "rack_code"], unique=False)

    op.create_table(
        "evacuation_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("evacuation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("container_id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("from_row", sa.Integer(), nullable=True),
        sa.Column("from_col", sa.Integer(), nullable=True),
        sa.Column("to_id", sa.Uuid(), nullable=True),
        sa.Column("to_row", sa.Integer(), nullable=True),
        sa.Column("to_col", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_evacuation_step_container_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["evacuation_id"], ["evacuation.id"], name=op.f("fk_evacuation_step_evacuation_id_evacuation")
        ),
        sa.ForeignKeyConstraint(
            ["from_id"], ["container.id"], name=op.f("fk_evacuation_step_from_id_container")
        ),
        sa.ForeignKeyConstraint(["to_id"], ["container.id"], name=op.f("fk_evacuation_step_to_id_container")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evacuation_step")),
        sa.UniqueConstraint(
            "evacuation_id", "container_id", name=op.f("uq_evacuation_step_evacuation_id_container_id")
        ),
    )
    with op.batch_alter_table("evacuation_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evacuation_step_evacuation_id"), ["evacuation_id"], unique=False)

    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "rack_well",
                "place_disputed",
                "unresolved_scan",
                "late_scan",
                "scan_gap",
                "unreadable",
                "missing",
                "rule_broken",
                name="taskkind",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("study_id", sa.Uuid(), nullable=True),
        sa.Column("specimen_id", sa.Uuid(), nullable=True),
        sa.Column("container_id", sa.Uuid(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("col", sa.Integer(), nullable=True),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("opened_by_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("closed_by_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("resolution", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.ForeignKeyConstraint(["closed_by_id"], ["person.id"], name=op.f("fk_task_closed_by_id_person")),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_task_container_id_container")
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["person.id"], name=op.f("fk_task_opened_by_id_person")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_task_site_id_site")),
        sa.ForeignKeyConstraint(["specimen_id"], ["specimen.id"], name=op.f("fk_task_specimen_id_specimen")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_task_station_id_station")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_task_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_task_container_id"), ["container_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_task_specimen_id"), ["specimen_id"], unique=False)

    is_open = sa.text("closed_at IS NULL")
    op.create_index("ix_task_open", "task", ["id"], sqlite_where=is_open, postgresql_where=is_open)

    op.create_index("ix_command_person_id_recorded_at", "command", ["person_id", "recorded_at"], unique=False)

    with op.batch_alter_table("container", schema=None) as batch_op:
        batch_op.add_column(sa.Column("barcode", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True))
        batch_op.add_column(sa.Column("may_hold", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.create_unique_constraint(batch_op.f("uq_container_barcode"), ["barcode"])

    with op.batch_alter_table("container_type", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "holder",
                sa.Enum(
                    "shelf",
                    "stack",
                    "rack",
                    "tray_rack",
                    "loose",
                    name="holder",
                    native_enum=False,
                    length=20,
                ),
                nullable=True,
            )
        )

    op.create_index(
        "ix_custody_event_container_id_recorded_at",
        "custody_event",
        ["container_id", "recorded_at"],
        unique=False,
    )

    with op.batch_alter_table("keep", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reserved_for_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("plan_id", sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f("ix_keep_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_keep_reserved_for_id"), ["reserved_for_id"], unique=False)
        batch_op.create_check_constraint(
            batch_op.f("ck_keep_reserved_for_a_time"), "kind <> 'reserved' OR ends_at IS NOT NULL"
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_keep_reserved_for_id_custody_subject"),
            "custody_subject",
            ["reserved_for_id"],
            ["id"],
        )

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("pin_hash", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True)
        )
        batch_op.add_column(sa.Column("pin_failures", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("pin_failed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))

    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.add_column(sa.Column("station_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("by_badge", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("pin_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_sign_in_station_id_station"), "station", ["station_id"], ["id"]
        )

    with op.batch_alter_table("specimen", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "out_purpose", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False, server_default=""
            )
        )
        batch_op.add_column(sa.Column("out_due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    is_out = sa.text("out_since IS NOT NULL")
    op.create_index(
        "ix_specimen_out_since", "specimen", ["out_since"], sqlite_where=is_out, postgresql_where=is_out
    )

    with op.batch_alter_table("station", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "starts_in",
                sqlmodel.sql.sqltypes.AutoString(length=10),
                nullable=False,
                server_default="lookup",
            )
        )
        batch_op.add_column(
            sa.Column("theme", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("volume", sa.Integer(), nullable=False, server_default="50"))
        batch_op.add_column(sa.Column("idle_minutes", sa.Integer(), nullable=False, server_default="5"))
        batch_op.add_column(sa.Column("median_gap_ms", sa.Integer(), nullable=False, server_default="35"))
        batch_op.add_column(sa.Column("largest_gap_ms", sa.Integer(), nullable=False, server_default="100"))
        batch_op.add_column(sa.Column("last_seq", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("checks_rows", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))

    _tell_sightings(op.get_bind())
    guards.assert_guards(op.get_bind())


# --- what was there before, told as it is told from now on ---

_SPECIMEN = sa.table(
    "specimen", sa.column("id", sa.Uuid()), sa.column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime())
)
_EVENT = sa.table(
    "custody_event",
    sa.column("subject_id", sa.Uuid()),
    sa.column("kind", sa.String()),
    sa.column("occurred_at", sqlmodel.sql.sqltypes.UTCDateTime()),
    sa.column("corrects_id", sa.Uuid()),
)
_SIGHTINGS = (
    "collected",
    "received",
    "placed",
    "taken_out",
    "sighted",
    "label_applied",
    "packed",
    "came_back",
)


def _tell_sightings(connection: sa.Connection) -> None:
    """When each tube was last in somebody's hand, which the events have said all along."""
    event = _EVENT.c
    last = (
        sa.select(sa.func.max(event.occurred_at))
        .where(event.subject_id == _SPECIMEN.c.id, event.kind.in_(_SIGHTINGS), event.corrects_id.is_(None))
        .scalar_subquery()
    )
    connection.execute(sa.update(_SPECIMEN).values(seen_at=last))


def downgrade() -> None:
    """There is no way back: a ledger is not undone."""
    raise NotImplementedError("migrations go forward only; restore a backup instead")
