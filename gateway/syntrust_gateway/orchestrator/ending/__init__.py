"""What follows when steps have ended: of cases, datasets and runs, whole or in part."""
