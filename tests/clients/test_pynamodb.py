"""PynamoDB takes a tour through DynamoDB: models, indexes, conditions, versions, batches, transactions."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

pytest.importorskip("pynamodb", reason="PynamoDB is not installed")

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist, PutError, TableDoesNotExist, TransactWriteError, UpdateError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection, LocalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite

from tests.conftest import Server
from tests.support.processes import wait_until

ACCOUNT: Final = "666666666666"
REGION: Final = "us-east-1"
WRITTEN: Final = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


class ByScore(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]  # PynamoDB types most of itself
    """Global; sorted by a number."""

    class Meta:
        index_name = "by-score"
        projection = AllProjection()

    genre = UnicodeAttribute(hash_key=True)
    score = NumberAttribute(range_key=True)


class ByWritten(LocalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Local; sorted by a moment."""

    class Meta:
        index_name = "by-written"
        projection = KeysOnlyProjection()

    author = UnicodeAttribute(hash_key=True)
    written = UTCDateTimeAttribute(range_key=True)


class Place(MapAttribute[Any, Any]):
    """A document in a document."""

    city = UnicodeAttribute()
    zip_codes = ListAttribute(of=NumberAttribute)


def place(city: str, *zip_codes: int) -> Place:
    return Place(city=city, zip_codes=list(zip_codes))  # type: ignore[no-untyped-call]


class Story(Model):
    """Attributes of every kind that PynamoDB has a type for."""

    class Meta:
        table_name = "pynamodb-stories"
        region = REGION
        billing_mode = "PAY_PER_REQUEST"
        aws_access_key_id = ACCOUNT
        aws_secret_access_key = "test"
        max_retry_attempts = 0
        host: str | None = None

    author = UnicodeAttribute(hash_key=True)
    title = UnicodeAttribute(range_key=True)
    genre = UnicodeAttribute(null=True)
    score = NumberAttribute(null=True)
    written = UTCDateTimeAttribute(default=WRITTEN)
    draft = BooleanAttribute(default=False)
    words = UnicodeSetAttribute(null=True)
    pages = NumberSetAttribute(null=True)
    cover = BinaryAttribute(legacy_encoding=False, null=True)
    place = Place(null=True)  # type: ignore[no-untyped-call]
    notes = ListAttribute[Any](null=True)
    extra = JSONAttribute(null=True)
    expires = TTLAttribute(null=True)
    version = VersionAttribute()

    by_score = ByScore()
    by_written = ByWritten()


@pytest.fixture(scope="module")
def stories(aws: Server) -> Iterator[type[Story]]:
    """The table of the model, empty."""
    Story.Meta.host = aws.url
    assert not Story.exists()
    Story.create_table(wait=True)  # and TTL, since there is such an attribute
    yield Story
    Story.delete_table()
    with pytest.raises(TableDoesNotExist):
        Story.describe_table()


@pytest.fixture
def connection(stories: type[Story]) -> Connection:
    """PynamoDB's own client, which transactions need."""
    client = Connection(region=REGION, host=stories.Meta.host)
    client.session.set_credentials(ACCOUNT, "test")
    return client


def test_a_model_comes_back_as_it_was(stories: type[Story]) -> None:
    """Every type of attribute through the wire and back."""
    story = stories(
        "ada",
        "engine",
        genre="science",
        score=4.5,
        words={"loom", "card"},
        pages={1, 2.5},
        cover=b"\x00\xff",
        place=place("London", 1, 2),
        notes=["a", 1, None, {"deep": [True]}],
        extra={"any": [1, None]},
        expires=timedelta(days=1),
    )
    story.save()
    read = stories.get("ada", "engine", consistent_read=True)
    assert _told(read) == _told(story)
    assert (read.words, read.pages, read.cover) == ({"loom", "card"}, {1, 2.5}, b"\x00\xff")
    assert read.place["zip_codes"] == [1, 2]
    assert read.extra == {"any": [1, None]}
    assert read.written == WRITTEN
    with pytest.raises(DoesNotExist):
        stories.get("ada", "nothing")
    read.delete()


def test_a_version_protects_what_somebody_else_changed(stories: type[Story]) -> None:
    """Optimistic locking: conditions that PynamoDB makes itself, in puts, updates and deletes."""
    mine = stories("bob", "draft", score=1)
    mine.save()
    theirs = stories.get("bob", "draft")
    theirs.update(actions=[Story.score.add(2), Story.notes.set(["x"])])
    assert (theirs.version, theirs.score) == (2, 3)
    with pytest.raises(PutError, match="ConditionalCheckFailed") as refused:
        mine.save()
    assert refused.value.cause_response_code == "ConditionalCheckFailedException"
    with pytest.raises(UpdateError):
        theirs.update(actions=[Story.genre.remove()], condition=Story.score > 3)
    theirs.update(
        actions=[Story.notes.set(Story.notes.append(["y"])), Story.place.set(place("Rome", 1, 2))],
        condition=(Story.score == 3) & Story.title.startswith("dr") & Story.genre.does_not_exist(),
    )
    assert theirs.notes == ["x", "y"]
    theirs.update(actions=[Story.place.zip_codes[0].remove()])
    assert stories.get("bob", "draft").place.zip_codes == [2]
    theirs.delete()


def _told(story: Story) -> dict[str, Any]:
    """As it goes over the wire, but for the order of sets, which has no meaning."""
    return {
        name: {kind: sorted(value) if kind in {"SS", "NS", "BS"} else value for kind, value in attribute.items()}
        for name, attribute in story.serialize().items()
    }


def test_queries_go_through_pages_and_indexes(stories: type[Story]) -> None:
    """Result iterators fetch page after page; conditions on keys and filters, both directions, both indexes."""
    with stories.batch_write() as batch:
        for n in range(40):
            genre = "odd" if n % 2 else "even"
            moment = WRITTEN - timedelta(hours=n)
            batch.save(stories("cat", f"t{n:02}", genre=genre, score=n * 10 % 70, written=moment, version=1))
    titles = [story.title for story in stories.query("cat", page_size=3)]
    assert titles == [f"t{n:02}" for n in range(40)]
    some = stories.query(
        "cat", Story.title.between("t05", "t20"), Story.genre == "odd", scan_index_forward=False, page_size=2
    )
    assert [story.title for story in some] == [f"t{n:02}" for n in range(19, 4, -2)]

    scores = [story.score for story in stories.by_score.query("odd", stories.score >= 20, page_size=4)]
    assert scores == sorted(n * 10 % 70 for n in range(40) if n % 2 and n * 10 % 70 >= 20)
    assert stories.by_score.count("even") == 20
    first = next(iter(stories.by_written.query("cat", limit=1)))
    assert first.title == "t39"

    results = stories.query("cat", limit=5, page_size=5)
    assert len(list(results)) == 5
    rest = stories.query("cat", last_evaluated_key=results.last_evaluated_key)
    assert next(iter(rest)).title == "t05"
    assert sum(1 for segment in range(2) for _ in stories.scan(segment=segment, total_segments=2)) == 40
    assert stories.count("cat", filter_condition=Story.score.is_in(0, 10)) == 12

    keys = [("cat", f"t{n:02}") for n in range(45)]
    assert len(list(stories.batch_get(keys, attributes_to_get=["title"]))) == 40
    with stories.batch_write() as batch:
        for story in stories.query("cat"):
            batch.delete(story)
    assert stories.count("cat") == 0


def test_transactions_are_cancelled_with_reasons(stories: type[Story], connection: Connection) -> None:
    """TransactWrite and TransactGet; a cancelled one says which action was why, with the item it met."""
    stories("dan", "one", score=10).save()
    transaction = TransactWrite(connection=connection)
    transaction.save(stories("dan", "two"))
    transaction.update(
        stories("dan", "one"),
        actions=[Story.score.add(-20)],
        condition=Story.score >= 20,
        return_values="ALL_OLD",
        add_version_condition=False,
    )
    with pytest.raises(TransactWriteError) as cancelled, transaction:
        pass  # it is sent at the end
    assert cancelled.value.cause_response_code == "TransactionCanceledException"
    nothing, reason = cancelled.value.cancellation_reasons
    assert nothing is None
    assert reason is not None
    assert reason.code == "ConditionalCheckFailed"
    assert reason.raw_item is not None
    assert reason.raw_item["score"] == {"N": "10"}
    assert stories.count("dan") == 1

    with TransactWrite(connection=connection, client_request_token="pynamodb-1") as transaction:
        transaction.save(stories("dan", "two", score=0))
        transaction.update(stories("dan", "one"), actions=[Story.score.add(-4)], add_version_condition=False)
        transaction.condition_check(stories, "dan", "three", condition=Story.author.does_not_exist())
    with TransactGet(connection=connection) as transaction_get:
        found = [transaction_get.get(stories, "dan", title) for title in ("one", "two")]
    assert [one.get().score for one in found] == [6, 0]
    for story in stories.query("dan"):
        story.delete()


def test_stories_expire(stories: type[Story]) -> None:
    """PynamoDB switches TTL on with the model's attribute; what has expired goes."""
    stories("eve", "old", expires=datetime.now(UTC) - timedelta(minutes=1)).save()
    stories("eve", "new", expires=timedelta(hours=1)).save()
    wait_until(lambda: [story.title for story in stories.query("eve")] == ["new"])
