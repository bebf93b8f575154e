"""Untrusted JSON → model. Law: rubbish becomes a `SpecError` or None here, and reaches nobody else."""
