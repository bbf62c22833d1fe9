"""Routes: authorise, call once, return. What they do stands in the modules beside this folder."""
