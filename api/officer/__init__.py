"""Calls of officers and administrators (工作人员)."""
