"""Labels: printers, stocks and layouts of the lab, print jobs, and a row for each label."""

import sqlalchemy as sa
import sqlmodel

from alembic import op
from biobank import guards

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "label_layout",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("body", sqlmodel.sql.sqltypes.AutoString(length=8000), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_layout")),
        sa.UniqueConstraint("code", name=op.f("uq_label_layout_code")),
    )
    op.create_table(
        "label_stock",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("body", sqlmodel.sql.sqltypes.AutoString(length=4000), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_stock")),
        sa.UniqueConstraint("code", name=op.f("uq_label_stock_code")),
    )
    op.create_table(
        "printer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column(
            "language",
            sa.Enum("zpl", "tspl", "brother", "pdf", name="printerlanguage", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("queue", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("dpi", sa.Integer(), nullable=False),
        sa.Column("stock", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("offset_x_um", sa.Integer(), nullable=False),
        sa.Column("offset_y_um", sa.Integer(), nullable=False),
        sa.Column("fault", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("heard_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_printer_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_printer")),
        sa.UniqueConstraint("name", name=op.f("uq_printer_name")),
    )
    op.create_table(
        "print_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("printer_id", sa.Uuid(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("study_id", sa.Uuid(), nullable=True),
        sa.Column("of", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("stock", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("layout", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column(
            "language",
            sa.Enum("zpl", "tspl", "brother", "pdf", name="printerlanguage", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("dpi", sa.Integer(), nullable=False),
        sa.Column("offset_x_um", sa.Integer(), nullable=False),
        sa.Column("offset_y_um", sa.Integer(), nullable=False),
        sa.Column("skip", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "asking",
                "stopped",
                "failed",
                "done",
                name="jobstate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("fault", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("facts", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("command_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.Column("claimed_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_print_job_person_id_person")),
        sa.ForeignKeyConstraint(["printer_id"], ["printer.id"], name=op.f("fk_print_job_printer_id_printer")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_print_job_site_id_site")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_print_job_station_id_station")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_print_job_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_job")),
    )
    with op.batch_alter_table("print_job", schema=None) as batch_op:
        batch_op.create_index(
            "ix_print_job_under_way",
            ["id"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "printed_label",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("specimen_id", sa.Uuid(), nullable=True),
        sa.Column("container_id", sa.Uuid(), nullable=True),
        sa.Column("face", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sent",
                "printed",
                "applied",
                "void",
                name="labelstate",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("state_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_printed_label_container_id_container")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["print_job.id"], name=op.f("fk_printed_label_job_id_print_job")),
        sa.ForeignKeyConstraint(
            ["specimen_id"], ["specimen.id"], name=op.f("fk_printed_label_specimen_id_specimen")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_printed_label")),
        sa.UniqueConstraint("job_id", "serial", name=op.f("uq_printed_label_job_id_serial")),
    )
    with op.batch_alter_table("printed_label", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_printed_label_code"), ["code"], unique=False)
        batch_op.create_index(batch_op.f("ix_printed_label_container_id"), ["container_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_printed_label_specimen_id"), ["specimen_id"], unique=False)
        batch_op.create_index(
            "ix_printed_label_waiting",
            ["job_id"],
            unique=False,
            sqlite_where=sa.text("state IN ('sent', 'printed')"),
            postgresql_where=sa.text("state IN ('sent', 'printed')"),
        )

    guards.assert_guards(op.get_bind())


def downgrade() -> None:
    """There is no way back: a ledger is not undone."""
    raise NotImplementedError("migrations go forward only; restore a backup instead")
