"""What commands print: tables, progress, costs, JSON."""
