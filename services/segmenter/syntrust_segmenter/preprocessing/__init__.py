"""From a case to what the network sees."""
