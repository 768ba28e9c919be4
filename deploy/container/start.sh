#!/bin/sh
# Eén opdracht: maakt de geheimen als ze er niet zijn, bouwt het beeld en start alles. / One command: makes the secrets
# where they are absent, builds the image and starts everything. Stop: docker compose down (the data stays).
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
umask 077

secret() {
    [ -s "secrets/$1" ] || head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"secrets/$1"
}

secret postgres-password
secret s3-user
secret s3-password
[ -s secrets/postgres-url ] ||
    printf 'postgresql://ketenmonitor:%s@postgres:5432/dagster' "$(cat secrets/postgres-password)" >secrets/postgres-url
# the containers read them as user 10001 or as their own user; the folder keeps others on this machine out
chmod 0700 secrets
chmod 0444 secrets/*
exec docker compose --file compose.yaml up --detach --build "$@"
