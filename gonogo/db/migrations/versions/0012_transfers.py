"""transfers of GPTs between publishers

Revision: 0012_transfers
Revises: 0011_windows
"""
import sqlalchemy as sa
from alembic import op

import gonogo.db.types
import sqlmodel.sql.sqltypes
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql


revision = '0012_transfers'
down_revision = '0011_windows'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('transfers',
    sa.Column('store_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('gpt', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('publisher', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('receiver', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('step', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('until', gonogo.db.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('store_id', 'id')
    )
    with op.batch_alter_table('transfers', schema=None) as batch_op:
        batch_op.create_index('ix_transfers_gpt', ['store_id', 'gpt'], unique=False)
        batch_op.create_index('ix_transfers_publisher', ['store_id', 'publisher'], unique=False)
        batch_op.create_index('ix_transfers_receiver', ['store_id', 'receiver'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('transfers', schema=None) as batch_op:
        batch_op.drop_index('ix_transfers_receiver')
        batch_op.drop_index('ix_transfers_publisher')
        batch_op.drop_index('ix_transfers_gpt')

    op.drop_table('transfers')
