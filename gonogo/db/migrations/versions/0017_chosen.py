"""what developers want since a launch was postponed

Revision: 0017_chosen
Revises: 0015_forecasts
"""
import sqlalchemy as sa
from alembic import op

import sqlmodel.sql.sqltypes


revision = '0017_chosen'
down_revision = '0015_forecasts'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('releases') as table:
        table.add_column(
            sa.Column('chosen_launch', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        table.add_column(sa.Column('chosen_nth', sa.Integer(), nullable=True))
        table.add_column(sa.Column('choice', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        table.create_index(
            'ix_releases_chosen', ['store_id', 'chosen_launch', 'chosen_nth', 'choice'],
            unique=False)


def downgrade() -> None:
    with op.batch_alter_table('releases') as table:
        table.drop_index('ix_releases_chosen')
        table.drop_column('choice')
        table.drop_column('chosen_nth')
        table.drop_column('chosen_launch')
