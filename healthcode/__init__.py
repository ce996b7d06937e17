"""The health code (健康码): from a declaration to a scan at a door."""
