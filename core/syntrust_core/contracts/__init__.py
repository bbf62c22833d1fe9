"""What crosses a process boundary: messages, records, names. Needs pydantic alone."""
