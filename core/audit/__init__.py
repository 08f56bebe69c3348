"""The audit: who changed what, when, from where and why; nothing in it can be changed."""
