#!/bin/sh
# Elke dag na de nacht: de reservekopie, en opruimen. Wat misgaat houdt de rest niet tegen.
# Every day after the night: the backup, and pruning. What fails does not stop the rest.
# Use: every-day HH:MM, in the time zone TZ; `every-day now` does it once and ends.
set -u
hour=${1:-05:30}
: "${KETENMONITOR_BACKUP:?name the place of the backup, such as s3://backup/ketenmonitor}"

once() {
    failed=0
    ketenmonitor backup "$KETENMONITOR_BACKUP" || failed=1
    ketenmonitor prune || failed=1
    return $failed
}

if [ "$hour" = now ]; then
    once
    exit
fi
# an ordinary signal must end the wait at once
trap 'exit 0' TERM INT
while true; do
    now=$(date +%s)
    next=$(date -d "today $hour" +%s)
    [ "$next" -gt "$now" ] || next=$(date -d "tomorrow $hour" +%s)
    sleep $((next - now)) &
    wait $!
    once || echo "every-day: not everything was done; see above" >&2
done
