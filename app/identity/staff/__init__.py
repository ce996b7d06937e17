"""Staff (工作人员): units, officers, their roles and how they sign in. Never citizens' accounts."""
