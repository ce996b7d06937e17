"""Text as the first search sees it: folded, and cut into pairs of characters. Pure.

PostgreSQL without extensions cannot split Chinese into words, so names are kept as overlapping pairs
(出生, 生医, 医学 …); Latin words and numbers stay whole.
"""

import re
import unicodedata

_RUN = re.compile(r"[0-9a-z]+|[^\W_0-9a-z]+")
#: How people begin and end a question; the longer before the shorter.
_ASKING = re.compile(
    "请问|麻烦|我想要|我想|我要|我的|我家的?|怎么办理|怎么办|怎么|怎样|如何|在哪里|在哪|哪里|什么|可以|需要|吗|呢"
)


def fold(text: str) -> str:
    """Letters, digits and characters only, full-width and capital forms made plain."""
    return "".join(_runs(text))


def plain_query(text: str) -> str:
    """What is asked for, without the asking: 怎么给娃娃上户口 becomes 给娃娃上户口."""
    return _ASKING.sub(" ", text) if fold(_ASKING.sub(" ", text)) else text


def tokens(*texts: str) -> list[str]:
    """The pairs and words of all texts, each once, sorted."""
    found: set[str] = set()
    for run in (run for text in texts for run in _runs(text)):
        if run.isascii() or len(run) == 1:
            found.add(run)
        else:
            found.update(run[i : i + 2] for i in range(len(run) - 1))
    return sorted(found)


def searchable(name: str, item_name: str) -> str:
    """What a whole query is looked for in; spaces keep the names apart."""
    return f"{fold(name)} {fold(item_name)}"


def _runs(text: str) -> list[str]:
    return _RUN.findall(unicodedata.normalize("NFKC", text).casefold())
