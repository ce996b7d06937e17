"""Users whom departments already had (存量用户): imported, and linked once the real name is proved."""
