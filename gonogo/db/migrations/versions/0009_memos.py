"""memos about launches

Revision: 0009_memos
Revises: 0008_launches
"""
import sqlalchemy as sa
from alembic import op

import gonogo.db.types
import sqlmodel.sql.sqltypes
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = '0009_memos'
down_revision = '0008_launches'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('memos',
    sa.Column('store_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('launch', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('public_at', gonogo.db.types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('corrects', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('store_id', 'id')
    )
    with op.batch_alter_table('memos', schema=None) as batch_op:
        batch_op.create_index('ix_memos_corrects', ['store_id', 'corrects'], unique=False)
        batch_op.create_index('ix_memos_launch', ['store_id', 'launch', 'id'], unique=False)


def downgrade() -> None:
    op.drop_table('memos')
