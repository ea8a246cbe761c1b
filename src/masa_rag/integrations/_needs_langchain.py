"""Raises, where LangChain is missing, the error that names the extra; imported before LangChain itself."""

from masa_rag._lazy import require

require("langchain_core", extra="langchain", purpose="The LangChain integration")
