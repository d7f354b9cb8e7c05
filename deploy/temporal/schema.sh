#!/bin/sh
# Temporal's tables, made or brought up to date. Doing it again changes nothing.
set -eu
SQL_PASSWORD=$(cat /run/secrets/temporal_password)
export SQL_PASSWORD
for database in temporal temporal_visibility; do
    folder=${database#temporal_}
    tool="temporal-sql-tool --plugin postgres12 --ep postgres --port 5432 --user temporal --db $database"
    $tool setup-schema -v 0.0 2>/dev/null || true
    $tool update-schema -d "/etc/temporal/schema/postgresql/v12/$folder/versioned"
done
