"""The conformance kit: what every plugin has to prove, and how well it does."""
