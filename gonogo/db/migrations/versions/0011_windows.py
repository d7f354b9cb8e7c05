"""windows that people declare

Revision: 0011_windows
Revises: 0010_opened
"""
import sqlalchemy as sa
from alembic import op

import gonogo.db.types
import sqlmodel.sql.sqltypes
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = '0011_windows'
down_revision = '0010_opened'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('windows',
    sa.Column('store_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('scope', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('over_at', gonogo.db.types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('store_id', 'id')
    )
    with op.batch_alter_table('windows', schema=None) as batch_op:
        batch_op.create_index('ix_windows_scope', ['store_id', 'status', 'scope'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('windows', schema=None) as batch_op:
        batch_op.drop_index('ix_windows_scope')

    op.drop_table('windows')
