"""Sends frames to thingwright: gateway.py HOST:PORT SN PRODUCT_MODEL < frames

Each line of the input is a frame: slot, channel and the device's bytes in hex. The password comes
from MQTT_PASSWORD. Needs paho-mqtt 2.
"""

import json, os, random, struct, sys, time  # noqa: E401
import paho.mqtt.client as mqtt

broker, sn, product_model = sys.argv[1:]
presence = f"ess/{sn}/up/presence"
birth = json.dumps({"online": True, "product_model": product_model})
farewell = json.dumps({"online": False})
boot_id = random.getrandbits(32)  # anew at each start

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, sn, clean_session=False)
client.username_pw_set(sn, os.environ.get("MQTT_PASSWORD"))
client.will_set(presence, farewell, qos=1, retain=True)
client.on_connect = lambda *_: client.publish(presence, birth, qos=1, retain=True)
client.connect(broker.partition(":")[0], int(broker.partition(":")[2] or 1883))
client.loop_start()
for sequence, line in enumerate(sys.stdin):
    slot, channel, frame = line.split()
    header = struct.pack(">BIQq", 1, boot_id, sequence, time.time_ns() // 1_000_000)
    topic = f"ess/{sn}/up/frame/{slot}/{channel}"
    client.publish(topic, header + bytes.fromhex(frame), qos=1)
client.publish(presence, farewell, qos=1, retain=True).wait_for_publish(60)
client.disconnect()
