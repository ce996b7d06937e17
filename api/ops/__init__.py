"""What operators, monitors and developers call."""
