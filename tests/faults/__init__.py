"""Real processes ended at any moment: a short set with the tests, a long one by hand.

`python -m tests.faults --kills 500 --broker-kills 50`
"""
