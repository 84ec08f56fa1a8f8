"""Wrong passwords, counted by the hash of the name they were tried for."""

import sqlalchemy as sa
import sqlmodel

from alembic import op
from biobank import guards

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "password_tries",
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("failed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name_hash", name=op.f("pk_password_tries")),
    )
    with op.batch_alter_table("password_tries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_password_tries_failed_at"), ["failed_at"], unique=False)

    guards.assert_guards(op.get_bind())


def downgrade() -> None:
    """There is no way back: a ledger is not undone."""
    raise NotImplementedError("migrations go forward only; restore a backup instead")
