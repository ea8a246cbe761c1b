"""Sources: where documents come from, one file a kind of origin.

Names are resolved at first use, so that a program pays only for the formats it reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from masa_rag._lazy import late_name
from masa_rag.sources._base import FunctionSource as FunctionSource
from masa_rag.sources._base import source as source

if TYPE_CHECKING:
    from masa_rag.sources._registry import known_sources as known_sources
    from masa_rag.sources._registry import open_source as open_source
    from masa_rag.sources._registry import open_sources as open_sources
    from masa_rag.sources.assistants import AssistantExport as AssistantExport
    from masa_rag.sources.browser import Browser as Browser
    from masa_rag.sources.discord import DiscordExport as DiscordExport
    from masa_rag.sources.discord_live import DiscordChannel as DiscordChannel
    from masa_rag.sources.discourse import DiscourseTopics as DiscourseTopics
    from masa_rag.sources.feed import Feed as Feed
    from masa_rag.sources.fetching import Fetcher as Fetcher
    from masa_rag.sources.fetching import Limits as Limits
    from masa_rag.sources.files import Files as Files
    from masa_rag.sources.google_chat import GoogleChatExport as GoogleChatExport
    from masa_rag.sources.imessage import IMessageExport as IMessageExport
    from masa_rag.sources.irc import IrcLogs as IrcLogs
    from masa_rag.sources.kakaotalk import KakaoTalkExport as KakaoTalkExport
    from masa_rag.sources.line import LineExport as LineExport
    from masa_rag.sources.mail import Mail as Mail
    from masa_rag.sources.masa_search import MasaSearch as MasaSearch
    from masa_rag.sources.masa_search import MasaWorker as MasaWorker
    from masa_rag.sources.mastodon import MastodonExport as MastodonExport
    from masa_rag.sources.matrix import MatrixExport as MatrixExport
    from masa_rag.sources.memory_export import MemoryExport as MemoryExport
    from masa_rag.sources.messenger import MessengerExport as MessengerExport
    from masa_rag.sources.podcast import Podcast as Podcast
    from masa_rag.sources.recordings import Recordings as Recordings
    from masa_rag.sources.records import Records as Records
    from masa_rag.sources.reddit import RedditExport as RedditExport
    from masa_rag.sources.signal import SignalExport as SignalExport
    from masa_rag.sources.skype import SkypeExport as SkypeExport
    from masa_rag.sources.slack import SlackExport as SlackExport
    from masa_rag.sources.slack_live import SlackChannel as SlackChannel
    from masa_rag.sources.telegram import TelegramExport as TelegramExport
    from masa_rag.sources.telegram_live import TelegramChannel as TelegramChannel
    from masa_rag.sources.transcripts import Transcripts as Transcripts
    from masa_rag.sources.tweets import Tweets as Tweets
    from masa_rag.sources.webpages import WebPages as WebPages
    from masa_rag.sources.website import Website as Website
    from masa_rag.sources.whatsapp import WhatsAppExport as WhatsAppExport
    from masa_rag.sources.x_live import XSearch as XSearch
    from masa_rag.sources.x_live import XUser as XUser
    from masa_rag.sources.youtube import YouTube as YouTube

_HOMES = {
    "AssistantExport": "assistants",
    "Browser": "browser",
    "Mail": "mail",
    "Podcast": "podcast",
    "Recordings": "recordings",
    "YouTube": "youtube",
    "DiscordChannel": "discord_live",
    "DiscordExport": "discord",
    "DiscourseTopics": "discourse",
    "Files": "files",
    "GoogleChatExport": "google_chat",
    "IMessageExport": "imessage",
    "IrcLogs": "irc",
    "KakaoTalkExport": "kakaotalk",
    "LineExport": "line",
    "MastodonExport": "mastodon",
    "MatrixExport": "matrix",
    "MemoryExport": "memory_export",
    "MessengerExport": "messenger",
    "Records": "records",
    "RedditExport": "reddit",
    "SignalExport": "signal",
    "SkypeExport": "skype",
    "SlackChannel": "slack_live",
    "SlackExport": "slack",
    "TelegramChannel": "telegram_live",
    "TelegramExport": "telegram",
    "Transcripts": "transcripts",
    "Tweets": "tweets",
    "Feed": "feed",
    "Fetcher": "fetching",
    "Limits": "fetching",
    "WebPages": "webpages",
    "Website": "website",
    "WhatsAppExport": "whatsapp",
    "known_sources": "_registry",
    "MasaSearch": "masa_search",
    "MasaWorker": "masa_search",
    "XSearch": "x_live",
    "XUser": "x_live",
    "open_source": "_registry",
    "open_sources": "_registry",
}

__all__ = ["FunctionSource", "source", *sorted(_HOMES)]


def __getattr__(name: str) -> object:
    return late_name(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return list(__all__)
