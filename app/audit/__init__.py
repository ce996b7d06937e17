"""Who read or did what about whom (审计)."""
