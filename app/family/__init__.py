"""Acting and paying for others (家庭与授权): mandates with a scope and an end."""
