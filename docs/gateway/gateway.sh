#!/bin/sh
# Sends frames to thingwright: gateway.sh HOST PORT SN PRODUCT_MODEL < frames
# Each line of the input is a frame: slot, channel and the device's bytes in hex. The password comes
# from MQTT_PASSWORD. Needs mosquitto_pub and xxd.
set -eu
host=$1 port=$2 sn=$3 product_model=$4
boot_id=$(xxd -l 4 -p /dev/urandom) # anew at each start
sequence=0

publish() { # TOPIC [OPTION], the payload on standard input
    topic=ess/$sn/up/$1
    shift
    mosquitto_pub -h "$host" -p "$port" -i "$sn" -u "$sn" -P "${MQTT_PASSWORD:-}" \
        -q 1 -t "$topic" -s "$@"
}

printf '{"online": true, "product_model": "%s"}' "$product_model" | publish presence -r
trap 'printf "{\"online\": false}" | publish presence -r' EXIT
while read -r slot channel frame; do
    printf '01%s%016x%016x%s' "$boot_id" "$sequence" "$(date +%s)000" "$frame" |
        xxd -r -p | publish "frame/$slot/$channel"
    sequence=$((sequence + 1))
done
