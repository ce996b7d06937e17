"""Telling people what concerns them: rules over facts, an inbox, and knocks on the phone."""
