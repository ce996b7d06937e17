"""Regions, the menu and the matters behind it: the project's own tables of real public services."""
