"""Clients of outside parties: a Protocol and one real HTTP adapter each."""
