"""what a release is bound to

Revision: 0007_bound
Revises: 0006_swept
"""
import sqlalchemy as sa
from alembic import op

import sqlmodel.sql.sqltypes


revision = '0007_bound'
down_revision = '0006_swept'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('releases') as table:
        table.add_column(sa.Column('launch', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        table.add_column(sa.Column('wave', sa.Integer(), nullable=True))
        table.add_column(sa.Column('importance', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        table.create_index('ix_releases_launch', ['store_id', 'launch', 'id'])


def downgrade() -> None:
    with op.batch_alter_table('releases') as table:
        table.drop_index('ix_releases_launch')
        table.drop_column('importance')
        table.drop_column('wave')
        table.drop_column('launch')
