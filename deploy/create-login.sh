#!/bin/sh
# Runs once, when the volume of the database is made: the login of the service, which owns nothing.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$KVART_LOGIN_PASSWORD" \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role kvart_service nologin;
create role kvart_identity nologin;
create role kvart_queue nologin;
create role kvart_audit nologin;
create role kvart_login login noinherit password :'password'
    in role kvart_service, kvart_identity, kvart_queue, kvart_audit;
SQL
