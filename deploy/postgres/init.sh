#!/bin/sh
# Runs once, on an empty volume: a role and its databases for gonogo and for Temporal.
set -eu
for role in gonogo temporal; do
    psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
        --set role="$role" --set password="$(cat "/run/secrets/${role}_password")" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
SQL
done
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
    --command 'CREATE DATABASE temporal_visibility OWNER temporal'
