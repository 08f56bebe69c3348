"""Sends frames to thingwright: gateway.py HOST PORT SN PRODUCT_MODEL < frames

Each line of the input is a frame: slot, channel and the device's bytes in hex. The password comes
from MQTT_PASSWORD. Needs paho-mqtt 2.
"""

import os, struct, sys, time
import paho.mqtt.client as mqtt

host, port, sn, product_model = sys.argv[1:]
boot_id = int.from_bytes(os.urandom(4), "big")  # anew at each start


def send(topic, payload, retain=False):
    return client.publish(f"ess/{sn}/up/{topic}", payload, qos=1, retain=retain)


birth = f'{{"online": true, "product_model": "{product_model}"}}'
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, sn, clean_session=False)
client.username_pw_set(sn, os.environ.get("MQTT_PASSWORD"))
client.will_set(f"ess/{sn}/up/presence", '{"online": false}', qos=1, retain=True)
client.on_connect = lambda *_: send("presence", birth, retain=True)
client.connect(host, int(port))
while not client.is_connected():
    assert client.loop() == mqtt.MQTT_ERR_SUCCESS, f"{host} refuses {sn}"
client.loop_start()  # from here on it connects again by itself, and sends what it has not yet
for sequence, line in enumerate(sys.stdin):
    slot, channel, frame = line.split()
    header = struct.pack(">BIQq", 1, boot_id, sequence, time.time_ns() // 1_000_000)
    sent = send(f"frame/{slot}/{channel}", header + bytes.fromhex(frame))
sent.wait_for_publish()  # then the connection ends without goodbye, and the broker sends the will
