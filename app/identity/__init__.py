"""One login (统一身份认证): accounts, persons, sessions and the proof of who somebody is."""
