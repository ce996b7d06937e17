"""Organisations (法人和非法人组织): who stands for them, and whom they let act (经办人)."""
