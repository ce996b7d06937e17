"""Payment providers: one Protocol, one real adapter each."""
