"""How sources fetch: give a source ``fetcher=Fetcher(...)`` to set limits, or to allow hosts of your own network."""

from __future__ import annotations

from masa_rag._http.client import Fetcher as Fetcher
from masa_rag._http.client import Limits as Limits
from masa_rag._http.client import Response as Response
