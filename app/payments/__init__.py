"""Bills, orders, payments and the ledger (缴费)."""
