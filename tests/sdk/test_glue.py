"""The Glue Data Catalog: databases, tables and their versions, search, functions, tags, the policy."""

import json
import random

import pytest
from botocore.exceptions import ClientError

ICEBERG = {"table_type": "ICEBERG", "metadata_location": "s3://lake/orders/metadata/0.json"}


def refused(call, **named):
    with pytest.raises(ClientError) as caught:
        call(**named)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def table_input(name="orders", **more):
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "json", "EXTERNAL": "TRUE"},
        "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "bigint", "Comment": "of the order"}, {"Name": "items", "Type": "array<struct<sku:string>>"}],
            "Location": "s3://lake/orders/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe", "Parameters": {"paths": "id,items"}},
        },
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
        **more,
    }


@pytest.fixture
def glue(client):
    return client("glue")


@pytest.fixture
def shop(glue):
    glue.create_database(DatabaseInput={"Name": "shop"})
    return glue


def test_databases(glue, account):
    glue.create_database(DatabaseInput={"Name": "Shop", "Description": "all of it", "LocationUri": "s3://lake/", "Parameters": {"a": "b"}})
    found = glue.get_database(Name="SHOP")["Database"]
    created = found.pop("CreateTime")
    assert created.microsecond == 0
    assert found == {
        "Name": "shop",
        "Description": "all of it",
        "LocationUri": "s3://lake/",
        "Parameters": {"a": "b"},
        "CreateTableDefaultPermissions": [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}],
        "CatalogId": account,
    }
    assert refused(glue.create_database, DatabaseInput={"Name": "shop"}) == ("AlreadyExistsException", "Database already exists.")
    glue.update_database(Name="shop", DatabaseInput={"Name": "shop", "CreateTableDefaultPermissions": []})
    changed = glue.get_database(Name="shop")["Database"]
    assert changed["CreateTime"] == created and "Description" not in changed
    assert changed["CreateTableDefaultPermissions"] == []
    assert refused(glue.update_database, Name="shop", DatabaseInput={"Name": "store"}) == (
        "InvalidInputException", "Database cannot be renamed")
    glue.delete_database(Name="shop")
    gone = ("EntityNotFoundException", "Database shop not found.")
    assert refused(glue.get_database, Name="shop") == gone
    assert refused(glue.delete_database, Name="shop") == gone
    assert refused(glue.update_database, Name="shop", DatabaseInput={"Name": "shop"}) == gone
    assert refused(glue.create_table, DatabaseName="shop", TableInput=table_input()) == gone
    assert refused(glue.get_tables, DatabaseName="shop") == gone


def test_databases_come_in_pages(glue):
    names = [f"d{i:03}" for i in range(5)]
    for name in reversed(names):
        glue.create_database(DatabaseInput={"Name": name})
    pages = list(glue.get_paginator("get_databases").paginate(PaginationConfig={"PageSize": 2}))
    assert [[d["Name"] for d in p["DatabaseList"]] for p in pages] == [names[:2], names[2:4], names[4:]]
    assert [set(d) for d in glue.get_databases(AttributesToGet=["NAME"])["DatabaseList"]] == [{"Name"}] * 5
    for without_name in [[], ["TARGET_DATABASE"]]:
        assert refused(glue.get_databases, AttributesToGet=without_name)[0] == "InvalidInputException"
    assert glue.get_databases(ResourceShareType="FOREIGN")["DatabaseList"] == []
    token = glue.get_databases(MaxResults=2)["NextToken"]
    assert refused(glue.get_tables, DatabaseName="d000", NextToken=token)[0] == "InvalidInputException"


def test_large_databases_come_in_pieces(glue):
    for name in "abcde":
        glue.create_database(DatabaseInput={"Name": name, "Parameters": dict.fromkeys("xyz", "v" * 500_000)})
    first = glue.get_databases()
    assert [d["Name"] for d in first["DatabaseList"]] == ["a", "b", "c"]
    rest = glue.get_databases(NextToken=first["NextToken"])
    assert [d["Name"] for d in rest["DatabaseList"]] == ["d", "e"] and "NextToken" not in rest


def test_a_table(shop, account):
    given = table_input("Orders", Owner="hadoop", ViewOriginalText="v", Retention=3)
    shop.create_table(DatabaseName="SHOP", TableInput=given)
    found = shop.get_table(DatabaseName="shop", Name="ORDERS")["Table"]
    assert found.pop("CreateTime") == found.pop("UpdateTime")
    assert found.pop("CreatedBy") == f"arn:aws:iam::{account}:root"
    storage = {**given["StorageDescriptor"], "Compressed": False, "NumberOfBuckets": 0, "SortColumns": [], "StoredAsSubDirectories": False}
    assert found == {
        **given,
        "Name": "orders",
        "DatabaseName": "shop",
        "StorageDescriptor": storage,
        "IsRegisteredWithLakeFormation": False,
        "IsMultiDialectView": False,
        "CatalogId": account,
        "VersionId": "0",
    }
    assert refused(shop.create_table, DatabaseName="shop", TableInput=given) == ("AlreadyExistsException", "Table already exists.")
    assert refused(shop.get_table, DatabaseName="shop", Name="x") == ("EntityNotFoundException", "Entity Not Found")
    assert refused(shop.get_table, DatabaseName="x", Name="x") == ("EntityNotFoundException", "Database x not found.")
    shop.delete_table(DatabaseName="shop", Name="orders")
    assert refused(shop.delete_table, DatabaseName="shop", Name="Orders") == ("EntityNotFoundException", "Table orders not found.")


def test_what_a_table_may_not_be(shop):
    keys = [{"Name": "day", "Type": "string", "Parameters": {"a": "b"}}]
    assert refused(shop.create_table, DatabaseName="shop", TableInput=table_input(PartitionKeys=keys)) == (
        "InvalidInputException", "Parameters not supported for partition columns")
    code, words = refused(shop.create_table, DatabaseName="shop", TableInput={"Name": "n", "StorageDescriptor": {"Columns": [{"Name": "x\n"}]}})
    assert code == "ValidationException" and "storageDescriptor.columns.1.member.name" in words
    code, words = refused(shop.create_table, DatabaseName="shop", TableInput=table_input(TargetTable={"DatabaseName": "d", "Name": "n"}))
    assert code == "NotImplemented" and "TargetTable" in words


def names_of(answer):
    return [t["Name"] for t in answer["TableList"]]


def test_tables_by_their_names(shop):
    for name in ["orders_2024", "orders_2025", "customers", "c", "x*y"]:
        shop.create_table(DatabaseName="shop", TableInput={"Name": name, "TableType": "T"})
    for pattern, wanted in {
        "orders_.*": ["orders_2024", "orders_2025"],
        ".*_2025": ["orders_2025"],
        "orders": [],
        "customers|c": ["c", "customers"],
        "*": ["c", "customers", "orders_2024", "orders_2025", "x*y"],
        "order*": ["orders_2024", "orders_2025"],
        "*ustom*": ["customers"],
        "\\w*5": ["orders_2025"],
        "[c]*": ["c"],
        "x\\*y": ["x*y"],
        "x\\*": [],
        "x[*]y": ["x*y"],
        "*\\*.*": ["x*y"],
        "x\\**y": ["x*y"],
        "(c|u|s)*[a-z]*": ["c", "customers"],
    }.items():
        assert names_of(shop.get_tables(DatabaseName="shop", Expression=pattern)) == wanted, pattern
    pages = list(shop.get_paginator("get_tables").paginate(DatabaseName="shop", Expression=".*r.*", PaginationConfig={"PageSize": 2}))
    assert [names_of(p) for p in pages] == [["customers", "orders_2024"], ["orders_2025"]]
    token = shop.get_tables(DatabaseName="shop", MaxResults=1)["NextToken"]
    assert refused(shop.get_tables, DatabaseName="shop", Expression="c", NextToken=token)[0] == "InvalidInputException"
    assert refused(shop.get_tables, DatabaseName="shop", Expression="([")[0] == "InvalidInputException"
    (only,) = shop.get_tables(DatabaseName="shop", Expression="c", AttributesToGet=["NAME"])["TableList"]
    assert only == {"Name": "c"}
    (only,) = shop.get_tables(DatabaseName="shop", Expression="c", AttributesToGet=["TABLE_TYPE", "NAME"])["TableList"]
    assert only == {"Name": "c", "TableType": "T"}
    for without_name in [[], ["TABLE_TYPE"]]:
        assert refused(shop.get_tables, DatabaseName="shop", AttributesToGet=without_name)[0] == "InvalidInputException"


def test_versions(shop):
    shop.create_table(DatabaseName="shop", TableInput=table_input(Description="0"))
    created = shop.get_table(DatabaseName="shop", Name="orders")["Table"]["CreateTime"]
    for i in range(1, 4):
        shop.update_table(DatabaseName="shop", TableInput=table_input(Description=str(i)), SkipArchive=i == 2)
    where = {"DatabaseName": "shop", "TableName": "orders"}
    pages = list(shop.get_paginator("get_table_versions").paginate(**where, PaginationConfig={"PageSize": 2}))
    assert [[v["VersionId"] for v in p["TableVersions"]] for p in pages] == [["3", "2"], ["0"]]
    assert [v["Table"]["Description"] for p in pages for v in p["TableVersions"]] == ["3", "2", "0"]
    assert shop.get_table_version(**where)["TableVersion"]["VersionId"] == "3"
    old = shop.get_table_version(**where, VersionId="0")["TableVersion"]["Table"]
    assert (old["Description"], old["VersionId"], old["CreateTime"]) == ("0", "0", created)
    gone = ("EntityNotFoundException", "Version not found.")
    assert refused(shop.get_table_version, **where, VersionId="1") == gone
    assert refused(shop.get_table_version, **where, VersionId="x")[0] == "InvalidInputException"
    assert refused(shop.delete_table_version, **where, VersionId="3")[0] == "InvalidInputException"
    shop.delete_table_version(**where, VersionId="2")
    errors = shop.batch_delete_table_version(**where, VersionIds=["0", "2", "3"])["Errors"]
    assert [(e["VersionId"], e["TableName"], e["ErrorDetail"]["ErrorCode"]) for e in errors] == [
        ("2", "orders", "EntityNotFoundException"), ("3", "orders", "InvalidInputException")]
    assert [v["VersionId"] for v in shop.get_table_versions(**where)["TableVersions"]] == ["3"]
    shop.delete_table(DatabaseName="shop", Name="orders")
    assert refused(shop.get_table_versions, **where) == ("EntityNotFoundException", "Table orders not found.")


def test_who_commits_second_is_told(shop):
    """What Iceberg's catalog relies on: a table changes only from the version that was read."""
    shop.create_table(DatabaseName="shop", TableInput=table_input(Parameters=ICEBERG))
    version = shop.get_table(DatabaseName="shop", Name="orders")["Table"]["VersionId"]
    first = {**ICEBERG, "metadata_location": "s3://lake/orders/metadata/1.json"}
    shop.update_table(DatabaseName="shop", TableInput=table_input(Parameters=first), VersionId=version, SkipArchive=True)
    stale = ("ConcurrentModificationException", "Update table failed due to concurrent modifications.")
    assert refused(shop.update_table, DatabaseName="shop", TableInput=table_input(Parameters=ICEBERG), VersionId=version, SkipArchive=True) == stale
    assert refused(shop.update_table, DatabaseName="shop", TableInput=table_input(), VersionId="x") == stale
    assert shop.get_table(DatabaseName="shop", Name="orders")["Table"]["Parameters"] == first
    assert refused(shop.update_table, DatabaseName="shop", TableInput=table_input("other")) == ("EntityNotFoundException", "Table other not found.")


def test_tables_are_deleted_together(shop):
    shop.create_table(DatabaseName="shop", TableInput=table_input())
    errors = shop.batch_delete_table(DatabaseName="shop", TablesToDelete=["Orders", "missing_table"])["Errors"]
    assert errors == [
        {"TableName": "missing_table", "ErrorDetail": {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Table missing_table not found"}}]
    assert names_of(shop.get_tables(DatabaseName="shop")) == []
    # What comes after one of that name has nothing of it.
    shop.create_table(DatabaseName="shop", TableInput=table_input())
    assert len(shop.get_table_versions(DatabaseName="shop", TableName="orders")["TableVersions"]) == 1


def test_a_database_goes_with_all_that_is_in_it(shop):
    shop.create_table(DatabaseName="shop", TableInput=table_input())
    shop.create_partition(DatabaseName="shop", TableName="orders", PartitionInput={"Values": ["1"]})
    shop.create_user_defined_function(DatabaseName="shop", FunctionInput={"FunctionName": "f", "ClassName": "C"})
    shop.delete_database(Name="shop")
    shop.create_database(DatabaseInput={"Name": "shop"})
    assert names_of(shop.get_tables(DatabaseName="shop")) == []
    assert shop.get_user_defined_functions(DatabaseName="shop", Pattern=".*")["UserDefinedFunctions"] == []
    shop.create_table(DatabaseName="shop", TableInput=table_input())
    assert shop.get_partitions(DatabaseName="shop", TableName="orders")["Partitions"] == []


def test_search(shop):
    shop.create_database(DatabaseInput={"Name": "web"})
    for database, name, description in [("shop", "customer-link", "who buys"), ("shop", "orders", "what is bought"), ("web", "xx-link-yy", "clicks"), ("web", "xxlinkyy", "clicks")]:
        shop.create_table(DatabaseName=database, TableInput=table_input(name, Description=description, Parameters={"classification": name[:2]}))

    def found(**how):
        return [(t["DatabaseName"], t["Name"]) for t in shop.search_tables(**how)["TableList"]]

    assert found(Filters=[{"Key": "Name", "Value": "link"}]) == [("shop", "customer-link"), ("web", "xx-link-yy")]
    assert found(Filters=[{"Key": "DatabaseName", "Value": "web"}, {"Key": "classification", "Value": "xx"}]) == [("web", "xx-link-yy"), ("web", "xxlinkyy")]
    assert found(SearchText="bought") == [("shop", "orders")]
    assert found(SearchText='"clicks"') == [("web", "xx-link-yy"), ("web", "xxlinkyy")]
    assert found(SearchText='"click"') == []
    assert len(found(SearchText="items")) == 4  # a column
    later = [{"Key": "CreateTime", "Value": "2000-01-01T00:00:00Z", "Comparator": "GREATER_THAN"}]
    assert len(found(Filters=later)) == 4
    assert found(Filters=[{**later[0], "Comparator": "LESS_THAN"}]) == []
    sort = [{"FieldName": "Name", "Sort": "DESC"}]
    first = shop.search_tables(SortCriteria=sort, MaxResults=3)
    assert [t["Name"] for t in first["TableList"]] == ["xxlinkyy", "xx-link-yy", "orders"]
    assert refused(shop.search_tables, MaxResults=3, NextToken=first["NextToken"])[0] == "InvalidInputException"
    rest = shop.search_tables(SortCriteria=sort, MaxResults=2, NextToken=first["NextToken"])
    assert [t["Name"] for t in rest["TableList"]] == ["customer-link"] and "NextToken" not in rest
    assert refused(shop.search_tables, Filters=[{"Key": "CreateTime", "Value": "soon"}])[0] == "InvalidInputException"


def test_functions(shop, account):
    given = {"FunctionName": "Bucket", "ClassName": "org.F", "OwnerName": "me", "OwnerType": "USER", "ResourceUris": [{"ResourceType": "JAR", "Uri": "s3://x/f.jar"}]}
    shop.create_user_defined_function(DatabaseName="shop", FunctionInput=given)
    assert refused(shop.create_user_defined_function, DatabaseName="shop", FunctionInput=given)[0] == "AlreadyExistsException"
    found = shop.get_user_defined_function(DatabaseName="shop", FunctionName="BUCKET")["UserDefinedFunction"]
    assert found.pop("CreateTime")
    assert found == {**given, "FunctionName": "bucket", "DatabaseName": "shop", "CatalogId": account, "FunctionType": "REGULAR_FUNCTION"}
    shop.update_user_defined_function(DatabaseName="shop", FunctionName="bucket", FunctionInput={**given, "ClassName": "org.G"})
    assert shop.get_user_defined_function(DatabaseName="shop", FunctionName="bucket")["UserDefinedFunction"]["ClassName"] == "org.G"
    shop.create_user_defined_function(DatabaseName="shop", FunctionInput={"FunctionName": "other", "FunctionType": "AGGREGATE_FUNCTION"})

    def names(**how):
        pages = shop.get_paginator("get_user_defined_functions").paginate(**how, PaginationConfig={"PageSize": 1})
        return [f["FunctionName"] for p in pages for f in p["UserDefinedFunctions"]]

    assert names(Pattern="*") == ["bucket", "other"]
    token = shop.get_user_defined_functions(Pattern="*", MaxResults=1)["NextToken"]
    assert refused(shop.get_user_defined_functions, Pattern="b*", NextToken=token)[0] == "InvalidInputException"
    assert names(DatabaseName="shop", Pattern="b.*") == ["bucket"]
    assert names(Pattern=".*", FunctionType="AGGREGATE_FUNCTION") == ["other"]
    shop.delete_user_defined_function(DatabaseName="shop", FunctionName="bucket")
    gone = ("EntityNotFoundException", "Cannot find function.")
    assert refused(shop.get_user_defined_function, DatabaseName="shop", FunctionName="bucket") == gone
    assert refused(shop.delete_user_defined_function, DatabaseName="shop", FunctionName="bucket") == gone


def test_large_functions_come_in_pieces(shop):
    shop.create_database(DatabaseInput={"Name": "web"})
    uris = [{"ResourceType": "JAR", "Uri": f"s3://{'x' * 1015}"}] * 1000
    for database, name in [("web", "a"), ("shop", "e"), ("shop", "d"), ("shop", "c"), ("shop", "b"), ("shop", "a")]:
        shop.create_user_defined_function(DatabaseName=database, FunctionInput={"FunctionName": name, "ResourceUris": uris})
    for where, wanted in [({}, ["abce", "a"]), ({"DatabaseName": "shop"}, ["abce"])]:
        pages = shop.get_paginator("get_user_defined_functions").paginate(Pattern="[^d]", **where)
        assert ["".join(f["FunctionName"] for f in p["UserDefinedFunctions"]) for p in pages] == wanted


def test_tags(glue, account, region):
    glue.create_database(DatabaseInput={"Name": "shop"}, Tags={"stage": "test", "owner": "me"})
    arn = f"arn:aws:glue:{region}:{account}:database/shop"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"stage": "test", "owner": "me"}
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"stage": "live", "cost": "1"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["owner", "nothing"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"stage": "live", "cost": "1"}
    assert refused(glue.get_tags, ResourceArn=arn + "x") == ("EntityNotFoundException", "Database shopx not found.")
    assert refused(glue.tag_resource, ResourceArn=arn, TagsToAdd={"aws:x": "1"})[0] == "InvalidInputException"
    assert refused(glue.tag_resource, ResourceArn=arn, TagsToAdd={f"k{i}": "" for i in range(49)})[0] == "InvalidInputException"


def test_the_policy_lets_others_in(shop, session, endpoint, account, region):
    import boto3

    other_account = str(random.randrange(10**11, 10**12))
    other = boto3.client("glue", endpoint_url=endpoint, region_name=region, aws_access_key_id=other_account, aws_secret_access_key="test")
    shop.create_table(DatabaseName="shop", TableInput=table_input())
    base = f"arn:aws:glue:{region}:{account}"
    code, words = refused(other.get_table, CatalogId=account, DatabaseName="shop", Name="orders")
    assert code == "AccessDeniedException"
    assert words == (f"User: arn:aws:iam::{other_account}:root is not authorized to perform: glue:GetTable on resource: {base}:catalog "
                     "because no resource-based policy allows the glue:GetTable action")
    allow = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{other_account}:root"}, "Action": "glue:Get*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": [f"{base}:catalog", f"{base}:database/shop", f"{base}:table/shop/*"]}]})
    assert refused(shop.get_resource_policy) == ("EntityNotFoundException", "Policy not found")
    assert refused(shop.put_resource_policy, PolicyInJson=policy, PolicyExistsCondition="MUST_EXIST")[0] == "ConditionCheckFailureException"
    digest = shop.put_resource_policy(PolicyInJson=policy, PolicyExistsCondition="NOT_EXIST")["PolicyHash"]
    found = shop.get_resource_policy()
    assert (found["PolicyInJson"], found["PolicyHash"]) == (policy, digest)
    assert [p["PolicyHash"] for p in shop.get_resource_policies()["GetResourcePoliciesResponseList"]] == [digest]
    assert other.get_table(CatalogId=account, DatabaseName="shop", Name="orders")["Table"]["CatalogId"] == account
    assert refused(other.delete_table, CatalogId=account, DatabaseName="shop", Name="orders")[0] == "AccessDeniedException"
    assert refused(other.get_table, CatalogId=account, DatabaseName="web", Name="x")[1].split(" resource: ")[1].startswith(f"{base}:database/web ")
    assert refused(other.get_table, DatabaseName="shop", Name="orders")[0] == "EntityNotFoundException"
    # Of tables that are made or deleted together, their own names count, too.
    narrow = {**allow, "Action": "glue:*", "Resource": [f"{base}:catalog", f"{base}:database/shop", f"{base}:table/shop/mine"]}
    digest = shop.put_resource_policy(PolicyInJson=json.dumps({"Version": "2012-10-17", "Statement": [narrow]}))["PolicyHash"]
    where = {"CatalogId": account, "DatabaseName": "shop"}
    other.create_table(**where, TableInput=table_input("Mine"))
    assert refused(other.create_table, **where, TableInput=table_input("yours"))[0] == "AccessDeniedException"
    assert refused(other.batch_delete_table, **where, TablesToDelete=["mine", "orders"])[0] == "AccessDeniedException"
    assert other.batch_delete_table(**where, TablesToDelete=["MINE"])["Errors"] == []
    assert names_of(shop.get_tables(DatabaseName="shop")) == ["orders"]
    assert refused(shop.delete_resource_policy, PolicyHashCondition="x")[0] == "ConditionCheckFailureException"
    shop.delete_resource_policy(PolicyHashCondition=digest)
    assert refused(shop.delete_resource_policy)[0] == "EntityNotFoundException"
    assert refused(shop.put_resource_policy, PolicyInJson="{}")[0] == "InvalidInputException"


def test_the_catalog_as_a_whole(glue):
    assert glue.get_catalog_import_status()["ImportStatus"]["ImportCompleted"] is True
    settings = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert settings == {"EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"}, "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False}}
    glue.put_data_catalog_encryption_settings(DataCatalogEncryptionSettings=settings)
    code, words = refused(glue.put_data_catalog_encryption_settings, DataCatalogEncryptionSettings={"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS"}})
    assert code == "NotImplemented" and "CatalogEncryptionMode" in words
    assert refused(glue.get_database, CatalogId="s3tablescatalog", Name="x")[0] == "EntityNotFoundException"


def test_regions_and_accounts_do_not_meet(shop, client):
    assert shop.get_databases()["DatabaseList"]
    assert client("glue", region_name="eu-west-1").get_databases()["DatabaseList"] == []


def test_the_cli(aws, tmp_path):
    aws("glue", "create-database", "--database-input", "Name=shop")
    given = tmp_path / "table.json"
    given.write_text(json.dumps(table_input()))
    aws("glue", "create-table", "--database-name", "shop", "--table-input", f"file://{given}")
    assert aws("glue", "get-tables", "--database-name", "shop", "--query", "TableList[].Name") == ["orders"]
    aws("glue", "create-partition", "--database-name", "shop", "--table-name", "orders", "--partition-input", "Values=2024-01-01")
    found = aws("glue", "get-partitions", "--database-name", "shop", "--table-name", "orders", "--expression", "day > '2023'")
    assert [p["Values"] for p in found["Partitions"]] == [["2024-01-01"]]
    assert "Entity Not Found" in aws("glue", "get-table", "--database-name", "shop", "--name", "x", fails=True)
