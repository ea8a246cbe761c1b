"""Adapters to LangChain, MCP and others; each imports its framework only when used."""
