"""Constraints that DynamoDB tells in words of its own, beside those of the model."""

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

LEAST = "Member must have length greater than or equal to 1"


@pytest.mark.parametrize("operation, parameters, message", [
    ("query", {"TableName": "any", "KeyConditionExpression": "pk = :v", "Limit": 0,
               "ExpressionAttributeValues": {":v": {"S": "x"}}},
     "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or "
     "equal to 1"),
    ("batch_get_item", {"RequestItems": {}},
     f"1 validation error detected: Value at 'RequestItems' failed to satisfy constraint: {LEAST}"),
    ("batch_get_item", {"RequestItems": {"any": {"Keys": []}}},
     f"1 validation error detected: Value at 'RequestItems.any.member.Keys' failed to satisfy constraint: {LEAST}"),
    ("batch_get_item", {"RequestItems": {"any": {"Keys": [{"pk": {"S": str(n)}} for n in range(101)]}}},
     "1 validation error detected: Value at 'RequestItems.any.member.Keys' failed to satisfy constraint: Member must have "
     "length less than or equal to 100"),
    ("batch_write_item", {"RequestItems": {}}, "The requestItems parameter is required for BatchWriteItem"),
    ("tag_resource", {"ResourceArn": "nonsense", "Tags": [{"Key": "a", "Value": "b"}]},
     "Invalid TableArn: Invalid ResourceArn provided as input nonsense"),
    ("scan", {"TableName": "any", "FilterExpression": "a < :v", "ExpressionAttributeValues": {":v": {"BOOL": True}}},
     "Invalid FilterExpression: Incorrect operand type for operator or function; operator or function: <, operand type: "
     "BOOL"),
    ("scan", {"TableName": "any", "FilterExpression": "a BETWEEN :v AND :v", "ExpressionAttributeValues": {":v": {"L": []}}},
     "Invalid FilterExpression: Incorrect operand type for operator or function; operator or function: BETWEEN, operand "
     "type: L"),
])
def test_words(client, operation, parameters, message):
    dynamodb = client("dynamodb", config=Config(parameter_validation=False))
    with pytest.raises(ClientError) as failure:
        getattr(dynamodb, operation)(**parameters)
    assert failure.value.response["Error"]["Code"] == "ValidationException"
    assert failure.value.response["Error"]["Message"] == message
