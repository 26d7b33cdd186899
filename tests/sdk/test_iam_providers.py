"""OpenID Connect providers."""

import datetime

import pytest
from botocore.exceptions import ClientError

URL = "https://token.actions.githubusercontent.com"
PRINT = "6938fd4d98bab03faadb97b34396831e3780aea1"
OTHER_PRINT = "1c58a3a8518e8759bf075b76b750d4f2df264fcd"


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def provider(iam):
    return iam.create_open_id_connect_provider(
        Url=URL, ClientIDList=["sts.amazonaws.com"], ThumbprintList=[PRINT])["OpenIDConnectProviderArn"]


def refused(code, call, **arguments):
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    assert error["Code"] == code, error
    return error["Message"]


def get(iam, arn):
    answer = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    del answer["ResponseMetadata"]
    return answer


def test_life_of_a_provider(iam, account):
    made = iam.create_open_id_connect_provider(
        Url="https://oidc.example.com/id/A1", ClientIDList=["a", "b"], ThumbprintList=[PRINT],
        Tags=[{"Key": "team", "Value": "data"}])
    arn = made["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{account}:oidc-provider/oidc.example.com/id/A1"
    assert made["Tags"] == [{"Key": "team", "Value": "data"}]
    got = get(iam, arn)
    created = got.pop("CreateDate")
    assert abs((datetime.datetime.now(datetime.timezone.utc) - created).total_seconds()) < 300
    assert got == {"Url": "oidc.example.com/id/A1", "ClientIDList": ["a", "b"], "ThumbprintList": [PRINT],
                   "Tags": [{"Key": "team", "Value": "data"}]}
    assert iam.get_account_summary()["SummaryMap"]["Providers"] == 1

    for _ in range(2):
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    message = f"OpenIDConnect Provider not found for arn {arn}"
    for call, arguments in (
        (iam.get_open_id_connect_provider, {}),
        (iam.add_client_id_to_open_id_connect_provider, {"ClientID": "a"}),
        (iam.remove_client_id_from_open_id_connect_provider, {"ClientID": "a"}),
        (iam.update_open_id_connect_provider_thumbprint, {"ThumbprintList": [PRINT]}),
        (iam.tag_open_id_connect_provider, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (iam.untag_open_id_connect_provider, {"TagKeys": ["a"]}),
        (iam.list_open_id_connect_provider_tags, {}),
    ):
        assert refused("NoSuchEntity", call, OpenIDConnectProviderArn=arn, **arguments) == message


def test_a_url_has_one_provider(iam, provider):
    assert refused("EntityAlreadyExists", iam.create_open_id_connect_provider, Url=URL) == (
        f"Provider with url {URL} already exists.")
    second = iam.create_open_id_connect_provider(Url=URL + "/a")["OpenIDConnectProviderArn"]
    assert second == provider + "/a"
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": provider}, {"Arn": second}]
    bare = get(iam, second)
    assert (bare.get("ClientIDList", []), bare.get("ThumbprintList", []), bare["Tags"]) == ([], [], [])
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": second}]


@pytest.mark.parametrize("url", ["example.com", "http://example.com", "https://", "https:///a", "https://a.com?b=c",
                                 "https://a b", "https://a#b"])
def test_urls_are_checked(iam, url):
    assert refused("ValidationError", iam.create_open_id_connect_provider, Url=url) == (
        "Invalid Open ID Connect Provider URL")
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_quotas_and_lengths(iam, provider):
    create = iam.create_open_id_connect_provider
    other = "https://example.com"
    assert refused("InvalidInput", create, Url=other, ThumbprintList=[PRINT] * 6) == (
        "Thumbprint list must contain fewer than 5 entries.")
    refused("ValidationError", create, Url=other, ThumbprintList=[PRINT + "0"])
    refused("ValidationError", create, Url=other, ClientIDList=["c" * 256])
    refused("ValidationError", create, Url=other + "/" + "p" * 240)
    quota = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"
    assert refused("LimitExceeded", create, Url=other, ClientIDList=[f"c{i}" for i in range(101)]) == quota
    refused("ValidationError", create, Url=other, Tags=[{"Key": f"k{i}", "Value": ""} for i in range(51)])
    full = create(Url=other, ClientIDList=[f"c{i}" for i in range(100)])["OpenIDConnectProviderArn"]
    add = iam.add_client_id_to_open_id_connect_provider
    assert refused("LimitExceeded", add, OpenIDConnectProviderArn=full, ClientID="more") == quota
    add(OpenIDConnectProviderArn=full, ClientID="c7")
    refused("InvalidInput", iam.update_open_id_connect_provider_thumbprint, OpenIDConnectProviderArn=provider,
            ThumbprintList=[PRINT] * 6)
    assert get(iam, provider)["ThumbprintList"] == [PRINT]


def test_an_account_has_a_hundred_providers(iam):
    for i in range(100):
        iam.create_open_id_connect_provider(Url=f"https://p{i}.example.com")
    assert refused("LimitExceeded", iam.create_open_id_connect_provider, Url=URL) == (
        "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100")
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 100


def test_clients_and_thumbprints_change(iam, provider):
    for client_id in ("b", "a", "b"):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=provider, ClientID=client_id)
    assert get(iam, provider)["ClientIDList"] == ["sts.amazonaws.com", "b", "a"]
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=provider, ClientID="b")
    assert get(iam, provider)["ClientIDList"] == ["sts.amazonaws.com", "a"]
    iam.update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=provider, ThumbprintList=[OTHER_PRINT, PRINT])
    got = get(iam, provider)
    assert (got["ThumbprintList"], got["ClientIDList"]) == ([OTHER_PRINT, PRINT], ["sts.amazonaws.com", "a"])


def test_tags(iam, provider):
    iam.tag_open_id_connect_provider(
        OpenIDConnectProviderArn=provider, Tags=[{"Key": key, "Value": "1"} for key in ("c", "a", "b")])
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=provider, Tags=[{"Key": "b", "Value": "2"}])
    first = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=provider, MaxItems=2)
    assert (first["Tags"], first["IsTruncated"]) == ([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], True)
    rest = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=provider, Marker=first["Marker"])
    assert (rest["Tags"], rest["IsTruncated"]) == ([{"Key": "c", "Value": "1"}], False)
    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=provider, TagKeys=["a", "c", "z"])
    assert get(iam, provider)["Tags"] == [{"Key": "b", "Value": "2"}]
    refused("LimitExceeded", iam.tag_open_id_connect_provider, OpenIDConnectProviderArn=provider,
            Tags=[{"Key": f"k{i}", "Value": ""} for i in range(50)])
    assert get(iam, provider)["ClientIDList"] == ["sts.amazonaws.com"]


def test_arns_are_checked(iam, provider, account):
    for arn in ("arn:aws:iam::123456789012:role/x", "not an arn, but long enough"):
        refused("InvalidInput", iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)
        refused("InvalidInput", iam.delete_open_id_connect_provider,
                OpenIDConnectProviderArn=arn.replace("123456789012", account))
    others = provider.replace(account, "000000000001")
    refused("NoSuchEntity", iam.get_open_id_connect_provider, OpenIDConnectProviderArn=others)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=others)
    assert get(iam, provider)["Url"] == URL.removeprefix("https://")
