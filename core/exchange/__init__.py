"""The model in the words of others: pure functions from declarations to documents."""
