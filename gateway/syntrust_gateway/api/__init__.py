"""What every route shares: callers, pages, problems, middleware."""
