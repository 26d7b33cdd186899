"""Exports of tables to S3 and imports from it: what is written is what AWS writes, and comes back whole."""

import base64
import gzip
import hashlib
import json

import pytest
from dynamodb_kit import KEYS, eventually, key, make, refused


@pytest.fixture
def dynamodb(client):
    return client("dynamodb")


@pytest.fixture
def s3(client):
    from botocore.config import Config
    return client("s3", config=Config(s3={"addressing_style": "path"}))


@pytest.fixture
def bucket(s3, account):
    s3.create_bucket(Bucket=f"transfers-{account}")
    return f"transfers-{account}"


def recoverable(dynamodb):
    arn = make(dynamodb)["TableArn"]
    dynamodb.update_continuous_backups(TableName="things", PointInTimeRecoverySpecification={
        "PointInTimeRecoveryEnabled": True})
    return arn


def exported(dynamodb, arn):
    return eventually(lambda: (d := dynamodb.describe_export(ExportArn=arn)["ExportDescription"])["ExportStatus"]
                      != "IN_PROGRESS" and d)


def imported(dynamodb, arn):
    return eventually(lambda: (d := dynamodb.describe_import(ImportArn=arn)["ImportTableDescription"])["ImportStatus"]
                      != "IN_PROGRESS" and d)


def items(dynamodb, table):
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    return {(i["pk"]["S"], i["sk"]["N"]): i for p in pages for i in p["Items"]}


def take(dynamodb, bucket, name="taken", **more):
    prefix = more.pop("prefix", "")
    return dynamodb.import_table(
        S3BucketSource={"S3Bucket": bucket, "S3KeyPrefix": prefix},
        TableCreationParameters={"TableName": name, "BillingMode": "PAY_PER_REQUEST", **KEYS}, **more)["ImportTableDescription"]


def test_what_is_exported_can_be_imported(dynamodb, s3, bucket):
    table = recoverable(dynamodb)
    for start in range(0, 1000, 25):
        dynamodb.batch_write_item(RequestItems={"things": [
            {"PutRequest": {"Item": key(f"p{i}", i) | {"x": {"M": {"b": {"B": b"\x00\xff"}, "s": {"NS": ["1", "2.5"]}}}}}}
            for i in range(start, start + 25)]})
    before = items(dynamodb, "things")
    made = dynamodb.export_table_to_point_in_time(TableArn=table, S3Bucket=bucket, S3Prefix="out")["ExportDescription"]
    dynamodb.put_item(TableName="things", Item=key("later"))
    assert made["ExportStatus"] == "IN_PROGRESS" and made["ExportArn"].startswith(f"{table}/export/0")
    done = exported(dynamodb, made["ExportArn"])
    assert done["ExportStatus"] == "COMPLETED" and done["ItemCount"] == 1000 and done["ExportFormat"] == "DYNAMODB_JSON"
    code = made["ExportArn"].split("/")[-1]
    assert done["ExportManifest"] == f"out/AWSDynamoDB/{code}/manifest-summary.json"

    read = lambda k: s3.get_object(Bucket=bucket, Key=k)["Body"].read()
    summary = json.loads(read(done["ExportManifest"]))
    assert summary["version"] == "2020-06-30" and summary["itemCount"] == 1000 and summary["exportArn"] == made["ExportArn"]
    assert summary["s3Bucket"] == bucket and summary["s3Prefix"] == "out" and summary["outputFormat"] == "DYNAMODB_JSON"
    sum_of = lambda k: base64.b64encode(hashlib.md5(read(k)).digest())
    assert read(done["ExportManifest"].replace(".json", ".md5")) == sum_of(done["ExportManifest"])
    files = [json.loads(line) for line in read(summary["manifestFilesS3Key"]).splitlines()]
    assert sum(f["itemCount"] for f in files) == 1000
    found = {}
    for f in files:
        assert f["dataFileS3Key"].startswith(f"out/AWSDynamoDB/{code}/data/") and f["dataFileS3Key"].endswith(".json.gz")
        assert f["md5Checksum"].encode() == sum_of(f["dataFileS3Key"])
        for line in gzip.decompress(read(f["dataFileS3Key"])).splitlines():
            item = json.loads(line)["Item"]
            found[item["pk"]["S"], item["sk"]["N"]] = item
    assert found.keys() == before.keys()
    assert [e["ExportArn"] for e in dynamodb.list_exports(TableArn=table)["ExportSummaries"]] == [made["ExportArn"]]

    started = take(dynamodb, bucket, prefix=f"out/AWSDynamoDB/{code}/data/", InputFormat="DYNAMODB_JSON",
                   InputCompressionType="GZIP")
    assert started["ImportStatus"] == "IN_PROGRESS"
    result = imported(dynamodb, started["ImportArn"])
    assert result["ImportStatus"] == "COMPLETED" and result["ImportedItemCount"] == 1000 and result["ErrorCount"] == 0
    assert dynamodb.describe_table(TableName="taken")["Table"]["TableStatus"] == "ACTIVE"
    assert items(dynamodb, "taken") == before
    assert [i["ImportArn"] for i in dynamodb.list_imports()["ImportSummaryList"]] == [started["ImportArn"]]


def test_exports_that_are_refused_or_fail(dynamodb, bucket):
    table = make(dynamodb)["TableArn"]
    ask = {"TableArn": table, "S3Bucket": bucket}
    assert refused(dynamodb.export_table_to_point_in_time, **ask) == "PointInTimeRecoveryUnavailableException"
    dynamodb.update_continuous_backups(TableName="things", PointInTimeRecoverySpecification={
        "PointInTimeRecoveryEnabled": True})
    assert refused(dynamodb.export_table_to_point_in_time, ExportTime=1e9, **ask) == "InvalidExportTimeException"
    assert refused(dynamodb.export_table_to_point_in_time, ExportFormat="ION", **ask) == "NotImplemented"
    failed = dynamodb.export_table_to_point_in_time(TableArn=table, S3Bucket=bucket + "x")["ExportDescription"]
    failed = exported(dynamodb, failed["ExportArn"])
    assert failed["ExportStatus"] == "FAILED" and failed["FailureCode"] == "S3NoSuchBucket"
    first = dynamodb.export_table_to_point_in_time(ClientToken="token", **ask)["ExportDescription"]["ExportArn"]
    again = dynamodb.export_table_to_point_in_time(ClientToken="token", **ask)["ExportDescription"]["ExportArn"]
    assert again == first
    assert refused(dynamodb.export_table_to_point_in_time, ClientToken="token", S3Prefix="p", **ask) == "ExportConflictException"
    assert refused(dynamodb.describe_export, ExportArn=first + "x") == "ExportNotFoundException"


def test_csv(dynamodb, s3, bucket):
    text = 'pk,sk,note\r\na,1,"quoted, with ""quotes"" and\na line"\r\nb,2,\r\nc,not a number,x\r\nd,4,x,too many\r\ne,5\r\n'
    s3.put_object(Bucket=bucket, Key="in/one.csv", Body=text.encode())
    done = imported(dynamodb, take(dynamodb, bucket, prefix="in/", InputFormat="CSV")["ImportArn"])
    assert [done["ProcessedItemCount"], done["ImportedItemCount"], done["ErrorCount"]] == [5, 3, 2]
    found = items(dynamodb, "taken")
    assert found["a", "1"]["note"] == {"S": 'quoted, with "quotes" and\na line'}
    assert found["b", "2"]["note"] == {"S": ""} and found["e", "5"] == key("e", 5)
    s3.put_object(Bucket=bucket, Key="plain/one.csv", Body=b"a;1;x\nb;2;y")
    take(dynamodb, bucket, "other", prefix="plain/", InputFormat="CSV",
         InputFormatOptions={"Csv": {"Delimiter": ";", "HeaderList": ["pk", "sk", "note"]}})
    eventually(lambda: dynamodb.describe_table(TableName="other")["Table"]["TableStatus"] == "ACTIVE")
    assert items(dynamodb, "other")["b", "2"]["note"] == {"S": "y"}


def test_imports_of_bad_lines(dynamodb, s3, bucket):
    good = json.dumps({"Item": key("good")})
    lines = [good, "", "{", '{"Item":{}}', '{"Item":{"pk":{"S":"x"}}}', '{"Item":{"pk":{"S":""},"sk":{"N":"1"}}}',
             '{"Item":{"pk":{"S":"x"},"sk":{"N":"one"}}}', '{"Other":1}', good.replace("good", "last")]
    s3.put_object(Bucket=bucket, Key="bad.json", Body="\n".join(lines).encode())
    done = imported(dynamodb, take(dynamodb, bucket, InputFormat="DYNAMODB_JSON")["ImportArn"])
    assert [done["ImportedItemCount"], done["ErrorCount"]] == [2, 6]
    assert refused(take, dynamodb=dynamodb, bucket=bucket, InputFormat="DYNAMODB_JSON") == "ResourceInUseException"
    assert refused(take, dynamodb=dynamodb, bucket=bucket, name="more", InputFormat="ION") == "NotImplemented"
    failed = imported(dynamodb, take(dynamodb, bucket + "x", "none", InputFormat="CSV")["ImportArn"])
    assert failed["FailureCode"] == "S3NoSuchBucket"
