"""The wiring: brokers, databases, workers and gateways; the only sockets beside the portal's."""
