"""A private PostgreSQL and Redis for one checkout; scripts.local_services has the public names."""
