"""What the operator wrote of a code, for its readers: in their language, or in those there are."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from core.journal.articles import Article
from core.plugin import Plugin
from portal.texts import LANGUAGES, language


class AdvisedCommand(Struct, frozen=True):
    """A command of the plugin that the article advises."""

    name: str
    title: str


class ArticleDocument(Struct, frozen=True):
    """Cause and advice as the operator wrote them, and in which language."""

    language: str
    cause: str
    steps: list[str]
    links: list[str]
    commands: list[AdvisedCommand]
    version: int
    written_at: int
    written_by: str

    @property
    def language_name(self) -> str:
        return LANGUAGES.get(self.language, self.language)

    @property
    def is_foreign(self) -> bool:
        """Whether the reader reads another language."""
        return self.language != language()


def article_documents(plugin: Plugin | None, written: Iterable[Article]) -> list[ArticleDocument]:
    """The article in the reader's language; where there is none, those in others."""
    saying = [article for article in written if article.advice.says]
    own = [article for article in saying if article.language == language()]
    return [article_document(plugin, article) for article in own or saying]


def article_document(plugin: Plugin | None, article: Article) -> ArticleDocument:
    titles = {command.name: command.title for command in plugin.commands} if plugin else {}
    advice = article.advice
    return ArticleDocument(
        article.language,
        advice.cause,
        list(advice.steps),
        list(advice.links),
        [AdvisedCommand(name, titles[name]) for name in advice.commands if name in titles],
        article.version,
        article.written_at,
        article.written_by,
    )


def own_article(written: Sequence[Article]) -> Article | None:
    """The article in the reader's language."""
    return next((article for article in written if article.language == language()), None)
