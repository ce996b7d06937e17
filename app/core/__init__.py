"""What every domain stands on. A module lives here only while something calls it."""
