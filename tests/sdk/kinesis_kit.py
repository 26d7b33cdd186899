"""What the tests of Kinesis share."""

import botocore.exceptions
import pytest


def refused(call, code, message=None, **arguments):
    """The message of the refusal, which must be this one if one is given."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    if message is not None:
        assert error["Message"] == message
    return error["Message"]
