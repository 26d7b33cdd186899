"""S3 Select through boto3 and the AWS CLI."""

import gzip
import json

import botocore.exceptions
import pytest
from s3_kit import code_of, make_bucket

PEOPLE = "name,age\nanna,30\nbert,4\n"


@pytest.fixture
def s3(client):
    return client("s3")


def select(s3, bucket, key, sql, csv=None, json_type=None, compression="NONE", out="CSV", **more):
    source = {"CompressionType": compression}
    if json_type:
        source["JSON"] = {"Type": json_type}
    else:
        source["CSV"] = csv or {"FileHeaderInfo": "USE"}
    answer = s3.select_object_content(
        Bucket=bucket,
        Key=key,
        Expression=sql,
        ExpressionType="SQL",
        InputSerialization=source,
        OutputSerialization={out: {}},
        **more,
    )
    events = list(answer["Payload"])
    assert "End" in events[-1] and "Stats" in events[-2]
    return b"".join(e["Records"]["Payload"] for e in events if "Records" in e).decode(), events


def test_csv(s3):
    bucket = make_bucket(s3)
    s3.put_object(Bucket=bucket, Key="p.csv", Body=PEOPLE)
    text, events = select(s3, bucket, "p.csv", "SELECT s.name FROM S3Object s WHERE CAST(s.age AS INT) > 10")
    assert text == "anna\n"
    assert events[-2]["Stats"]["Details"] == {
        "BytesScanned": len(PEOPLE),
        "BytesProcessed": len(PEOPLE),
        "BytesReturned": 5,
    }
    text, _ = select(s3, bucket, "p.csv", "SELECT * FROM S3Object", out="JSON")
    assert [json.loads(line)["age"] for line in text.splitlines()] == ["30", "4"]
    _, events = select(s3, bucket, "p.csv", "SELECT * FROM S3Object", RequestProgress={"Enabled": True})
    assert any("Progress" in e for e in events)


def test_large_packed_object(s3):
    bucket = make_bucket(s3)
    rows = "".join(f"{i},{'x' * (i % 50)}\n" for i in range(50000))
    s3.put_object(Bucket=bucket, Key="p.csv.gz", Body=gzip.compress(rows.encode()))
    text, events = select(
        s3, bucket, "p.csv.gz", "SELECT * FROM S3Object", csv={"FileHeaderInfo": "NONE"}, compression="GZIP"
    )
    assert text == rows
    assert len(events) > 5
    text, _ = select(s3, bucket, "p.csv.gz", "SELECT COUNT(*), MAX(CAST(_1 AS INT)) FROM S3Object", csv={"FileHeaderInfo": "NONE"}, compression="GZIP")
    assert text == "50000,49999\n"


def test_json(s3):
    bucket = make_bucket(s3)
    s3.put_object(Bucket=bucket, Key="lines", Body='{"a":1,"b":"x"}\n{"a":2}\n')
    s3.put_object(Bucket=bucket, Key="doc", Body=json.dumps({"rows": [{"id": i} for i in range(3)]}, indent=1))
    assert select(s3, bucket, "lines", "SELECT s.b FROM S3Object s", json_type="LINES", out="JSON")[0] == '{"b":"x"}\n{}\n'
    sql = "SELECT d.id FROM S3Object[*].rows[*] d WHERE d.id >= 1"
    assert select(s3, bucket, "doc", sql, json_type="DOCUMENT")[0] == "1\n2\n"


def test_scan_range(s3):
    bucket = make_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k", Body="aa\nbb\ncc\ndd\n")
    csv = {"FileHeaderInfo": "NONE"}

    def rows(**scan):
        return select(s3, bucket, "k", "SELECT * FROM S3Object", csv=csv, ScanRange=scan)[0]

    assert rows(Start=0, End=4) == "aa\nbb\n"
    assert rows(Start=3, End=6) == "bb\n"
    assert rows(Start=4, End=100) == "cc\ndd\n"
    assert rows(Start=1) == "bb\ncc\ndd\n"


def test_errors(s3):
    bucket = make_bucket(s3)
    s3.put_object(Bucket=bucket, Key="p.csv", Body=PEOPLE)
    assert code_of(select, s3, bucket, "p.csv", "SELECT") == "ParseUnexpectedToken"
    assert code_of(select, s3, bucket, "p.csv", "SELECT * FROM x") == "InvalidDataSource"
    assert code_of(select, s3, bucket, "other", "SELECT * FROM S3Object") == "NoSuchKey"
    with pytest.raises(botocore.exceptions.EventStreamError, match="CastFailed"):
        select(s3, bucket, "p.csv", "SELECT CAST(name AS INT) FROM S3Object")


def test_cli(aws, s3, tmp_path):
    bucket = make_bucket(s3)
    s3.put_object(Bucket=bucket, Key="p.csv", Body=PEOPLE)
    out = tmp_path / "out"
    aws(
        "s3api", "select-object-content", "--bucket", bucket, "--key", "p.csv", "--expression-type", "SQL",
        "--expression", "SELECT name FROM S3Object", "--input-serialization", '{"CSV":{"FileHeaderInfo":"USE"}}',
        "--output-serialization", '{"CSV":{}}', str(out),
    )  # fmt: skip
    assert out.read_text() == "anna\nbert\n"
