"""How little text makes a page: sentences in languages without blanks do, a menu does not."""

from __future__ import annotations

import pytest

from masa_rag.sources._pages.extract import extract_page

SHORT = {
    "Chinese": (
        "三号井的水泵昨天夜里停了，原因是密封圈磨损，王丽早上换了新的，并把压力表的读数写进了日志。",
        "明天第二组会来检查其他的井，因为压力还在下降，备用的零件放在仓库左边的架子上，请先登记再取用。",
    ),
    "Japanese": (
        "三号井戸のポンプは夜中に止まりました。原因は摩耗したパッキンで、佐藤さんが朝に交換しました。",
        "明日はもう一つの班が来て、残りの井戸を調べます。予備の部品は倉庫の左の棚にあります。",
    ),
}


@pytest.mark.parametrize("language", SHORT)
@pytest.mark.parametrize("around", ["{}", "<main><article>{}</article></main>"], ids=["plain", "article"])
def test_short_pages_in_languages_without_blanks(language: str, around: str) -> None:
    """Two paragraphs of fifty characters each are main text, though there are few blanks to count words by."""
    paragraphs = "".join(f"<p>{text}</p>" for text in SHORT[language])
    body = f"<nav><a href='/'>首页</a></nav>{around.format(paragraphs)}<footer>版权所有</footer>"
    text = extract_page(f"<html><head><title>水泵</title></head><body>{body}</body></html>").text
    assert text == "\n\n".join(SHORT[language])


@pytest.mark.parametrize("words", ["首页", "首页 新闻 产品 下载 登录 注册 帮助", "Home News"])
def test_a_menu_alone_is_no_main_text(words: str) -> None:
    """A few labels are none in any language."""
    menu = "".join(f"<li><a href='/'>{word}</a></li>" for word in words.split())
    assert (
        extract_page(f"<html><head><title>水泵</title></head><body><nav><ul>{menu}</ul></nav></body></html>").text == ""
    )


def test_an_article_among_links_and_comments() -> None:
    """Words are counted in Chinese as in other languages: what stands around an article is known by its measure."""
    menu = "".join(f"<li><a href='/'>{word}</a></li>" for word in "首页 新闻 产品 下载 登录 注册 帮助".split())
    others = "".join(f"<li><a href='/'>{title}</a></li>" for title in ("仓库新到了三台水泵", "压力表的读数为什么不准"))
    head = "<h1>水泵又转了</h1><div class='info'>来源：水务日报 2024年5月3日</div>"
    text = "".join(f"<p>{sentence}</p>" for sentence in SHORT["Chinese"])
    around = f"<div class='share'>分享到：微博 微信</div><div class='related'><h3>相关阅读</h3><ul>{others}</ul></div>"
    comments = "<div class='comments'><h3>评论</h3><ul><li>太好了，我们村终于又有水了。</li></ul></div>"
    body = f"<div class='nav'><ul>{menu}</ul></div><div>{head}<div>{text}</div>{around}{comments}</div>"
    page = extract_page(f"<html><head><title>水泵又转了</title></head><body>{body}</body></html>")
    assert page.text == "\n\n".join(SHORT["Chinese"])


CONSENT = (
    "These cookies may be set through our site by our advertising partners, who build a profile of your interests. "
    "If you do not allow these cookies, you will see adverts that have less to do with what you like to read."
)


@pytest.mark.parametrize("name", ["id='onetrust-consent-sdk'", "id='CybotCookiebotDialog'", "class='osano-cm-window'"])
def test_a_consent_dialogue_is_no_main_text(name: str) -> None:
    """Also where it holds more prose than the page, and where the page was sent with nothing else."""
    dialogue = f"<div {name}><h2>We value your privacy</h2>" + f"<div><p>{CONSENT}</p></div>" * 3 + "</div>"
    links = "".join(f"<li><a href='/{number}'>Soup of the {number}th day</a></li>" for number in range(20))
    page = f"<html><body>{{}}<h1>Soups</h1><ul>{links}</ul></body></html>"
    assert "advertising" not in extract_page(page.format(dialogue)).text
    assert extract_page(f"<html><body>{dialogue}</body></html>").text == ""
