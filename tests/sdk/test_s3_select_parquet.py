"""S3 Select of Parquet objects, which pyarrow writes."""

import datetime
import decimal
import io
import json
import pathlib

import pyarrow
import pyarrow.parquet
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from firehose_kit import until
from s3_kit import make_bucket
from server import Server

NOW = datetime.datetime(2024, 2, 29, 12, 34, 56, 789000)


@pytest.fixture
def s3(client):
    return client("s3")


def parquet(table, **options):
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, **options)
    return out.getvalue()


def put(s3, table, **options):
    bucket = make_bucket(s3)
    body = parquet(pyarrow.table(table) if isinstance(table, dict) else table, **options)
    s3.put_object(Bucket=bucket, Key="p.parquet", Body=body)
    return bucket, body


def select(s3, bucket, sql, out="JSON", key="p.parquet", compression="NONE", more_input=None, **more):
    answer = s3.select_object_content(
        Bucket=bucket,
        Key=key,
        Expression=sql,
        ExpressionType="SQL",
        InputSerialization={"CompressionType": compression, "Parquet": {}, **(more_input or {})},
        OutputSerialization={out: {}},
        **more,
    )
    events = list(answer["Payload"])
    assert "End" in events[-1] and "Stats" in events[-2]
    return b"".join(e["Records"]["Payload"] for e in events if "Records" in e).decode(), events[-2]["Stats"]["Details"]


def rows(s3, bucket, sql, **more):
    return [json.loads(line) for line in select(s3, bucket, sql, **more)[0].splitlines()]


PEOPLE = {"name": ["anna", "bert", None], "Age": [30, 4, 50], "score": [1.5, float("nan"), float("inf")]}


def test_rows_and_columns(s3):
    bucket, body = put(s3, PEOPLE)
    text, stats = select(s3, bucket, "SELECT * FROM S3Object")
    assert [json.loads(line) for line in text.splitlines()] == [
        {"name": "anna", "Age": 30, "score": 1.5},
        {"name": "bert", "Age": 4, "score": None},
        {"name": None, "Age": 50, "score": None},
    ]
    assert stats == {"BytesScanned": len(body), "BytesProcessed": len(body), "BytesReturned": len(text.encode())}
    assert select(s3, bucket, "SELECT s.name, s.age FROM S3Object s WHERE s.age > 10", out="CSV")[0] == "anna,30\n,50\n"
    assert rows(s3, bucket, 'SELECT s."Age" FROM S3Object[*] s WHERE s.name LIKE \'b%\'') == [{"Age": 4}]
    assert rows(s3, bucket, "SELECT COUNT(*) AS n, SUM(age) AS total, MAX(age) AS most FROM S3Object") == [{"n": 3, "total": 84, "most": 50}]
    assert rows(s3, bucket, "SELECT COUNT(*) AS n FROM S3Object WHERE name IS NULL") == [{"n": 1}]
    # Columns that are not there.
    assert rows(s3, bucket, "SELECT s.nobody, s.age FROM S3Object s LIMIT 1") == [{"age": 30}]
    assert rows(s3, bucket, "SELECT COUNT(*) AS n FROM S3Object WHERE nobody IS MISSING") == [{"n": 3}]
    assert rows(s3, bucket, "SELECT name FROM S3Object LIMIT 1") == [{"name": "anna"}]


def test_types(s3):
    p = pyarrow
    columns = {
        "flag": (p.bool_(), True, True),
        "tiny": (p.int8(), -128, -128),
        "big": (p.int64(), 2**63 - 1, 2**63 - 1),
        "unsigned": (p.uint32(), 2**32 - 1, 2**32 - 1),
        "ratio": (p.float32(), 0.5, 0.5),
        "price": (p.decimal128(10, 2), decimal.Decimal("1234567.89"), 1234567.89),
        "text": (p.string(), 'a"b\nü', 'a"b\nü'),
        "raw": (p.binary(), b"plain", "plain"),
        "bytes": (p.binary(), b"\x00\xff", "\\x00\\xFF"),
        "day": (p.date32(), NOW.date(), "2024-02-29"),
        "at": (p.timestamp("us"), NOW, "2024-02-29T12:34:56.789Z"),
        "at_ns": (p.timestamp("ns"), NOW, "2024-02-29T12:34:56.789Z"),
        "utc": (p.timestamp("ms", "UTC"), NOW, "2024-02-29T12:34:56.789Z"),
        "tags": (p.list_(p.string()), ["a", None], ["a", None]),
        "counts": (p.map_(p.string(), p.int32()), [("one", 1)], {"one": 1}),
        "place": (p.struct([("city", p.string()), ("lat", p.float64())]), {"city": "Ulm", "lat": 48.4}, {"city": "Ulm", "lat": 48.4}),
    }
    table = p.table({name: p.array([given, None], kind) for name, (kind, given, _) in columns.items()})
    bucket, _ = put(s3, table)
    assert rows(s3, bucket, "SELECT * FROM S3Object") == [{n: c[2] for n, c in columns.items()}, dict.fromkeys(columns)]
    assert rows(s3, bucket, "SELECT s.place.city, s.tags[0] AS tag FROM S3Object s LIMIT 1") == [{"city": "Ulm", "tag": "a"}]
    for column in ("at", "at_ns", "utc", "day"):
        where = f"SELECT COUNT(*) AS n FROM S3Object s WHERE s.{column} > CAST('2024-01-01T00:00:00Z' AS TIMESTAMP)"
        assert rows(s3, bucket, where) == [{"n": 1}], column
    assert rows(s3, bucket, "SELECT EXTRACT(YEAR FROM s.at) AS y FROM S3Object s LIMIT 1") == [{"y": 2024}]
    # INT96, as old writers have times.
    bucket, _ = put(s3, {"at": [NOW]}, use_deprecated_int96_timestamps=True)
    assert rows(s3, bucket, "SELECT * FROM S3Object") == [{"at": "2024-02-29T12:34:56.789Z"}]


NUMBERS = pyarrow.table({"n": list(range(100000)), "text": [f"number {i}" for i in range(100000)]})


@pytest.mark.parametrize("options", [{"compression": "none"}, {"compression": "gzip"}, {"compression": "snappy", "data_page_version": "2.0"}])
def test_many_rows_in_order(s3, options):
    bucket, _ = put(s3, NUMBERS, row_group_size=7000, **options)
    text, _ = select(s3, bucket, "SELECT n FROM S3Object", out="CSV")
    assert text == "".join(f"{i}\n" for i in range(100000))
    assert rows(s3, bucket, "SELECT text FROM S3Object WHERE n = 70001") == [{"text": "number 70001"}]


def test_row_groups_that_begin_in_the_range(s3):
    bucket, body = put(s3, NUMBERS, row_group_size=10000, compression="none")
    metadata = pyarrow.parquet.ParquetFile(io.BytesIO(body)).metadata
    starts = [min(o for o in (c.dictionary_page_offset, c.data_page_offset) if o) for c in (metadata.row_group(i).column(0) for i in range(10))]

    def counted(**scan_range):
        (found,) = rows(s3, bucket, "SELECT COUNT(*) AS n, MIN(n) AS low FROM S3Object", ScanRange=scan_range)
        return found["n"], found.get("low")

    assert counted(Start=0) == (100000, 0)
    assert counted(Start=0, End=starts[3]) == (30000, 0)
    assert counted(Start=starts[3], End=starts[3] + 1) == (10000, 30000)
    assert counted(Start=starts[3] + 1, End=starts[5] + 1) == (20000, 40000)
    assert counted(End=len(body) - starts[8]) == (20000, 80000)
    assert counted(Start=starts[3] + 1, End=starts[4])[0] == 0


def test_wherever_the_object_lies(s3):
    """In its row, in a file, in parts, encrypted; by version."""
    bucket = make_bucket(s3)
    small, large = parquet(pyarrow.table(PEOPLE)), parquet(NUMBERS, compression="none", use_dictionary=False)
    part = 5 << 20
    customer = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"0123456789abcdef0123456789abcdef"}
    s3.put_object(Bucket=bucket, Key="p.parquet", Body=small)
    assert rows(s3, bucket, "SELECT COUNT(*) AS n FROM S3Object") == [{"n": 3}]
    s3.put_object(Bucket=bucket, Key="p.parquet", Body=large, **customer)
    assert rows(s3, bucket, "SELECT COUNT(*) AS n FROM S3Object", **customer) == [{"n": 100000}]
    big = parquet(pyarrow.table({"n": list(range(1000000)), "m": list(range(1000000))}), compression="none", use_dictionary=False)
    assert len(big) > 2 * part
    upload = s3.create_multipart_upload(Bucket=bucket, Key="p.parquet")["UploadId"]
    pieces = [big[i : i + part] for i in range(0, len(big), part)]
    done = [
        {"PartNumber": i, "ETag": s3.upload_part(Bucket=bucket, Key="p.parquet", UploadId=upload, PartNumber=i, Body=piece)["ETag"]}
        for i, piece in enumerate(pieces, 1)
    ]
    s3.complete_multipart_upload(Bucket=bucket, Key="p.parquet", UploadId=upload, MultipartUpload={"Parts": done})
    assert rows(s3, bucket, "SELECT COUNT(*) AS n, MAX(m) AS m FROM S3Object") == [{"n": 1000000, "m": 999999}]


def refused(s3, bucket, **more):
    with pytest.raises((ClientError, EventStreamError)) as caught:
        select(s3, bucket, "SELECT * FROM S3Object", **more)
    return caught.value.response["Error"]["Code"]


def test_what_is_no_parquet(s3):
    bucket, body = put(s3, NUMBERS, compression="snappy")
    for broken in (b"", b"PAR1", b"a,b\n1,2\n", body[:-1], body[: len(body) // 2], b"PAR1" + b"\xff" * 4000 + b"\x00\x0f\x00\x00PAR1", b"x" * 20000):
        s3.put_object(Bucket=bucket, Key="p.parquet", Body=broken)
        assert refused(s3, bucket) == "ParquetParsingError", broken[:20]
    # Damaged behind metadata that are well.
    s3.put_object(Bucket=bucket, Key="p.parquet", Body=body[:4] + b"\xff" * 50000 + body[50004:])
    assert refused(s3, bucket) == "ParquetParsingError"


def test_what_s3_select_does_not_take(s3):
    bucket, _ = put(s3, PEOPLE, compression="zstd")
    assert refused(s3, bucket) == "ParquetUnsupportedCompressionCodec"
    assert refused(s3, bucket, compression="GZIP") == "InvalidCompressionFormat"
    assert refused(s3, bucket, more_input={"JSON": {"Type": "LINES"}}) == "InvalidDataSource"


def test_names_that_are_sql(s3):
    names = ['a"b', "select", "x'; DROP TABLE t; --", "ünï", "A", "file_row_number"]
    bucket, _ = put(s3, {name: [i] for i, name in enumerate(names)})
    assert rows(s3, bucket, "SELECT * FROM S3Object") == [{name: i for i, name in enumerate(names)}]
    assert rows(s3, bucket, 'SELECT s."x\'; DROP TABLE t; --" AS x FROM S3Object s') == [{"x": 2}]


def test_no_rows_and_many_columns(s3):
    bucket, _ = put(s3, {"n": pyarrow.array([], pyarrow.int32())})
    assert select(s3, bucket, "SELECT * FROM S3Object")[0] == ""
    assert rows(s3, bucket, "SELECT COUNT(*) AS n FROM S3Object") == [{"n": 0}]
    bucket, _ = put(s3, {f"c{i}": [i, None] for i in range(2000)})
    assert rows(s3, bucket, "SELECT * FROM S3Object LIMIT 1") == [{f"c{i}": i for i in range(2000)}]
    # A row beyond the limit of a record.
    bucket, _ = put(s3, {"text": ["x" * 1100000]})
    assert refused(s3, bucket) == "OverMaxRecordSize"


def busy(s3, bucket):
    try:
        return not rows(s3, bucket, "SELECT COUNT(*) AS n FROM S3Object")
    except ClientError as error:
        assert (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]) == ("Busy", 503)
        return True


def test_more_at_once_than_may_be(tmp_path, session):
    """Who comes while all readers are taken is told to come back."""
    server = Server(tmp_path / "data")
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
    s3 = session.client("s3", endpoint_url=server.endpoint, config=config)
    # More than the buffers of a connection hold: a reader has its place until somebody reads.
    bucket, _ = put(s3, {"text": ["x" * 200] * 100000})
    payloads = []
    for _ in range(16):
        answer = s3.select_object_content(
            Bucket=bucket, Key="p.parquet", Expression="SELECT * FROM S3Object", ExpressionType="SQL",
            InputSerialization={"Parquet": {}}, OutputSerialization={"JSON": {}},
        )
        payloads.append(answer["Payload"])
    assert busy(s3, bucket)
    for payload in payloads:
        payload.close()
    until(lambda: not busy(s3, bucket))
    server.stop()


def damaged():
    """The library with holes where its functions are: it can be loaded, and crashes."""
    whole = bytearray((pathlib.Path(__file__).parents[2] / "build/duckdb/libduckdb.so").read_bytes())
    for at in range(len(whole) // 4, len(whole) * 3 // 4, 1 << 20):
        whole[at : at + (1 << 19)] = bytes(1 << 19)
    return bytes(whole)


@pytest.mark.parametrize("library", [b"no library", damaged], ids=["no library", "damaged"])
def test_a_library_that_can_t_be_used_is_told_with_what_to_do(tmp_path, session, library):
    path = tmp_path / "libduckdb.so"
    path.write_bytes(library if isinstance(library, bytes) else library())
    server = Server(tmp_path / "data", "--duckdb", str(path))
    s3 = session.client("s3", endpoint_url=server.endpoint, config=Config(retries={"total_max_attempts": 1}))
    bucket, _ = put(s3, PEOPLE)

    def told():
        with pytest.raises(ClientError) as caught:
            select(s3, bucket, "SELECT * FROM S3Object")
        error = caught.value.response["Error"]
        assert (error["Code"], "run server/get-duckdb.sh" in error["Message"]) == ("NotImplemented", True), error
        return error["Message"]

    assert "can't be used" in told()
    assert "DuckDB's library can't be used" in server.log.read_text()
    path.unlink()
    assert "is not there" in told()
    server.stop()


def test_who_goes_away_early_hinders_nobody(s3):
    bucket, _ = put(s3, NUMBERS)
    for _ in range(3):
        answer = s3.select_object_content(
            Bucket=bucket, Key="p.parquet", Expression="SELECT * FROM S3Object", ExpressionType="SQL",
            InputSerialization={"Parquet": {}}, OutputSerialization={"JSON": {}},
        )
        next(iter(answer["Payload"]))
        answer["Payload"].close()
    assert rows(s3, bucket, "SELECT COUNT(*) AS n FROM S3Object") == [{"n": 100000}]
