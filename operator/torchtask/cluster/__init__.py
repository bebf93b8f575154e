"""The only code that speaks to the API server. The outside world's errors are translated here."""
