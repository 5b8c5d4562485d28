"""What do expressions of the dialect answer, and what is wrong with those that are not of it?"""

import pytest

from pileus.services.s3.select.errors import SelectError
from tests.unit.s3.select.running import LINES, TO_JSON, job, run, value


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("-7 / 2", "-3"),  # cut towards nothing
        ("-7 % 3", "-1"),
        ("7.5 / 2", "3.75"),
        ("- -3", "3"),
        ("CAST(0.5 AS FLOAT) * 3", "1.5"),
        ("'a' || 'b'", "ab"),
        ("'it''s'", "it's"),
        ("NULL + 1", ""),
        ("NOT TRUE OR TRUE", "true"),
        ("NOT (TRUE OR TRUE)", "false"),
        ("1 = 1 AND 2 <> 3", "true"),
        ("1 = '1'", "false"),
        ("1 = 1.0", "true"),
        ("NULL = NULL", ""),
        ("NULL AND FALSE", "false"),
        ("NULL OR TRUE", "true"),
        ("2 BETWEEN 1 AND 3", "true"),
        ("2 NOT BETWEEN 1 AND 3", "false"),
        ("2 IN (1, 2)", "true"),
        ("2 NOT IN (1, 3)", "true"),
        ("2 IN (1, NULL)", ""),
        ("s.x IS MISSING", "true"),
        ("s.x IS NULL", "true"),
        ("NULL IS MISSING", "false"),
        ("1 IS NOT NULL", "true"),
        ("CASE WHEN 1 > 2 THEN 'a' WHEN 2 > 1 THEN 'b' ELSE 'c' END", "b"),
        ("CASE 3 WHEN 1 THEN 'a' ELSE 'c' END", "c"),
        ("CASE WHEN FALSE THEN 1 END", ""),
        ("COALESCE(NULL, s.x, 3)", "3"),
        ("NULLIF(1, 1)", ""),
        ("NULLIF(1, 2)", "1"),
    ],
)
def test_operators(expression: str, answer: str) -> None:
    """Ranks, three-valued truth and arithmetic are those of the manual."""
    assert value(expression) == answer


@pytest.mark.parametrize(
    ("text", "pattern", "matches"),
    [
        ("abc", "abc", True),
        ("abc", "ab", False),
        ("abc", "a%", True),
        ("abc", "%c", True),
        ("abc", "_b_", True),
        ("abc", "%%", True),
        ("", "%", True),
        ("ab", "a%b%b", False),
        ("aXbXb", "a%b%b", True),
        ("a\nb", "a_b", True),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
        ("aba", "ab%ba", False),  # the two ends may not share a letter
        ("a" * 3000, "%a" * 40 + "b", False),  # no guessing: this ends at once
    ],
)
def test_like(text: str, pattern: str, matches: bool) -> None:
    """`%` is any run, `_` one character, everything else itself."""
    assert value(f"'{text}' LIKE '{pattern}'") == str(matches).lower()


def test_like_with_escape() -> None:
    """An escaped sign stands for itself (manual, "LIKE operator")."""
    assert value(r"'1%2' LIKE '1\%2' ESCAPE '\'") == "true"
    assert value(r"'1x2' LIKE '1\%2' ESCAPE '\'") == "false"
    with pytest.raises(SelectError) as raised:
        value(r"'x' LIKE '\x' ESCAPE '\'")
    assert raised.value.error_code == "EvaluatorLikePatternInvalidEscapeSequence"


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("CHAR_LENGTH('häß')", "3"),
        ("CHARACTER_LENGTH('')", "0"),
        ("LOWER('AbCdEfG!@#$')", "abcdefg!@#$"),
        ("UPPER('AbC')", "ABC"),
        ("SUBSTRING('123456789', 0)", "123456789"),
        ("SUBSTRING('123456789', 1)", "123456789"),
        ("SUBSTRING('123456789', 2)", "23456789"),
        ("SUBSTRING('123456789', -4)", "123456789"),
        ("SUBSTRING('123456789', 0, 999)", "123456789"),
        ("SUBSTRING('123456789', 1, 5)", "12345"),
        ("SUBSTRING('123456789' FROM 2 FOR 3)", "234"),
        ("TRIM('       foobar         ')", "foobar"),
        ("TRIM(LEADING FROM '   foobar ') || '|'", "foobar |"),
        ("TRIM(BOTH '12' FROM '1112211foobar22211122')", "foobar"),
        ("CAST(' 12 ' AS INT)", "12"),
        ("CAST('12.7' AS INTEGER)", "12"),
        ("CAST(7 AS STRING) || '!'", "7!"),
        ("CAST('TRUE' AS BOOL)", "true"),
        ("CAST('1.50' AS DECIMAL(10, 2))", "1.50"),
    ],
)
def test_functions_of_text(expression: str, answer: str) -> None:
    """The examples of the manual, "String functions" and "CAST"."""
    assert value(expression) == answer


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("DATE_ADD(year, 5, `2010-01-01T`)", "2015-01-01"),
        ("DATE_ADD(month, 1, `2010T`)", "2010-02T"),
        ("DATE_ADD(month, 13, `2010T`)", "2011-02T"),
        ("DATE_ADD(day, -1, `2017-01-10T`)", "2017-01-09"),
        ("DATE_ADD(minute, 1, `2017-01-02T03:04:05.006Z`)", "2017-01-02T03:05:05.006Z"),
        ("DATE_ADD(month, 1, `2012-01-31T`)", "2012-02-29"),
        ("DATE_DIFF(year, `2010-01-01T`, `2011-01-01T`)", "1"),
        ("DATE_DIFF(month, `2010T`, `2011T`)", "12"),
        ("DATE_DIFF(month, `2011T`, `2010T`)", "-12"),
        ("DATE_DIFF(day, `2010-01-01T23:00Z`, `2010-01-02T01:00Z`)", "0"),
        ("EXTRACT(YEAR FROM `2010-01-01T`)", "2010"),
        ("EXTRACT(HOUR FROM `2017-01-02T03:04:05+07:08`)", "3"),
        ("EXTRACT(TIMEZONE_HOUR FROM `2017-01-02T03:04:05+07:08`)", "7"),
        ("EXTRACT(TIMEZONE_MINUTE FROM `2017-01-02T03:04:05+07:08`)", "8"),
        ("TO_STRING(`1969-07-20T20:18Z`, 'MMMM d, y')", '"July 20, 1969"'),
        ("TO_STRING(`1969-07-20T20:18Z`, 'M-d-yy')", "7-20-69"),
        ("TO_STRING(`1969-07-20T20:18Z`, 'h:m a')", "8:18 PM"),
        ("TO_STRING(`1969-07-20T20:18Z`, 'y-MM-dd''T''H:m:ssX')", "1969-07-20T20:18:00Z"),
        ("TO_STRING(`1969-07-20T20:18+08:00`, 'H:m XXXX xxx')", "20:18 +0800 +08:00"),
        ("TO_TIMESTAMP('2007T')", "2007T"),
        ("TO_TIMESTAMP('2007-02-23T12:14:33.079-08:00')", "2007-02-23T12:14:33.079-08:00"),
        ("CAST('2007-04-05T14:30Z' AS TIMESTAMP)", "2007-04-05T14:30Z"),
        ("UTCNOW()", "2023-11-14T22:13:20.25Z"),
        ("`2017-01-01T01:00Z` > `2017T`", "true"),
    ],
)
def test_functions_of_dates(expression: str, answer: str) -> None:
    """The examples of the manual, "Date functions"."""
    assert value(expression) == answer


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("", "ParseUnsupportedSyntax"),
        ("DELETE FROM S3Object", "ParseUnsupportedSelect"),
        ("SELECT", "ParseEmptySelect"),
        ("SELECT FROM S3Object", "ParseEmptySelect"),
        ("SELECT *", "ParseSelectMissingFrom"),
        ("SELECT *, a FROM S3Object", "ParseAsteriskIsNotAloneInSelectList"),
        ("SELECT a, * FROM S3Object", "ParseAsteriskIsNotAloneInSelectList"),
        ("SELECT * FROM table1", "ParseUnsupportedSyntax"),
        ("SELECT * FROM S3Object.path", "InvalidKeyPath"),
        ("SELECT * FROM S3Object s JOIN S3Object t", "ParseMalformedJoin"),
        ("SELECT a FROM S3Object GROUP BY a", "ParseExpectedIdentForGroupName"),
        ("SELECT a FROM S3Object ORDER BY a", "UnsupportedSqlStructure"),
        ("SELECT DISTINCT a FROM S3Object", "ParseUnsupportedSelect"),
        ("SELECT * FROM (SELECT * FROM S3Object)", "ParseUnsupportedSelect"),
        ("SELECT (SELECT 1 FROM S3Object) FROM S3Object", "ParseUnsupportedSelect"),
        ("SELECT s.CAST FROM S3Object s", "ParseUnExpectedKeyword"),
        ("SELECT a AS FROM S3Object", "ParseExpectedIdentForAlias"),
        ("SELECT # FROM S3Object", "LexerInvalidChar"),
        ("SELECT 'open FROM S3Object", "LexerInvalidLiteral"),
        ("SELECT `never` FROM S3Object", "LexerInvalidIONLiteral"),
        ("SELECT 99999999999999999999 FROM S3Object", "IntegerOverflow"),
        ("SELECT sqrt(2) FROM S3Object", "UnsupportedFunction"),
        ("SELECT SUM(*) FROM S3Object", "ParseUnsupportedCallWithStar"),
        ("SELECT SUM(1, 2) FROM S3Object", "ParseNonUnaryAgregateFunctionCall"),
        ("SELECT a, COUNT(*) FROM S3Object", "UnsupportedSqlStructure"),
        ("SELECT * FROM S3Object WHERE COUNT(*) > 1", "UnsupportedSqlStructure"),
        ("SELECT CAST(1) FROM S3Object", "ParseCastArity"),
        ("SELECT CAST(1 AS MONEY) FROM S3Object", "ParseExpectedTypeName"),
        ("SELECT CAST 1 FROM S3Object", "ParseExpectedLeftParenAfterCast"),
        ("SELECT LOWER 1 FROM S3Object", "ParseExpectedLeftParenBuiltinFunctionCall"),
        ("SELECT LOWER(1, 2) FROM S3Object", "EvaluatorInvalidArguments"),
        ("SELECT EXTRACT(week FROM `2010T`) FROM S3Object", "ParseExpectedDatePart"),
        ("SELECT * FROM S3Object LIMIT -1", "EvaluatorNegativeLimit"),
        ("SELECT * FROM S3Object LIMIT x", "ParseExpectedNumber"),
        ("SELECT * FROM S3Object WHERE", "ParseExpectedExpression"),
        ("SELECT * FROM S3Object; DROP TABLE x", "LexerInvalidChar"),
        ("SELECT " + "(" * 500 + "1" + ")" * 500 + " FROM S3Object", "MaxOperatorsExceeded"),
        ("SELECT 1" + "+1" * 5000 + " FROM S3Object", "MaxOperatorsExceeded"),
        ("SELECT '" + "x" * 300_000 + "' FROM S3Object", "ExpressionTooLong"),
    ],
)
def test_what_is_not_of_the_dialect(sql: str, code: str) -> None:
    """Each mistake has AWS's own code, and none of them goes on."""
    with pytest.raises(SelectError) as raised:
        run(job(sql, LINES), b"{}")
    assert raised.value.error_code == code


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("CAST('x' AS INT)", "CastFailed"),
        ("CAST('1_0' AS INT)", "CastFailed"),
        ("9223372036854775807 + 1", "IntegerOverflow"),
        ("1 / 0", "IllegalSqlFunctionArgument"),
        ("'1' + 1", "InvalidDataType"),
        ("'1' > 1", "ExternalEvalException"),
        ("LOWER(1)", "IncorrectSqlFunctionArgumentType"),
        ("1 LIKE '1'", "LikeInvalidInputs"),
        ("TO_TIMESTAMP('yesterday')", "ValueParseFailure"),
        ("TO_STRING(`2010T`, 'Q')", "EvaluatorInvalidTimestampFormatPatternSymbol"),
        ("DATE_ADD(year, 99999, `2010T`)", "IllegalSqlFunctionArgument"),
        ("SUM('x')", "IncorrectSqlFunctionArgumentType"),
    ],
)
def test_what_cannot_be_evaluated(expression: str, code: str) -> None:
    """A value of the wrong kind is an error with a code, not a guess."""
    with pytest.raises(SelectError) as raised:
        value(expression)
    assert raised.value.error_code == code


def test_a_thousand_conditions() -> None:
    """Generated queries have long chains; those are no towers."""
    sql = "SELECT s.a FROM S3Object s WHERE " + " OR ".join(f"s.a = {n}" for n in range(1000))
    assert run(job(sql, LINES), b'{"a":999}\n{"a":1000}\n')[0] == "999\n"


def test_aggregates() -> None:
    """What is absent is not counted; of nothing, COUNT is 0 and the others are NULL."""
    data = b'{"n":1,"d":1.5}\n{"n":2,"d":2.25}\n{"n":null}\n{}\n'
    totals = "COUNT(*), COUNT(s.n) AS n, SUM(s.n), AVG(s.n), MIN(s.d), MAX(s.d), SUM(s.d) / COUNT(s.d)"
    sql = f"SELECT {totals} FROM S3Object s"
    answer = '{"_1":4,"n":2,"_3":3,"_4":1.5,"_5":1.5,"_6":2.25,"_7":1.875}\n'
    assert run(job(sql, LINES, TO_JSON), data)[0] == answer
    nothing = run(job("SELECT COUNT(*), SUM(s.n) FROM S3Object s WHERE s.n > 9", LINES, TO_JSON), data)[0]
    assert nothing == '{"_1":0,"_2":null}\n'
