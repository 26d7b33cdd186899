=== malformed JSON
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: DynamoDB_20120810.ListTables

{"Limit"
---
400
x-amzn-RequestId: {{id}}
x-amzn-ErrorType: SerializationException
Content-Type: application/x-amz-json-1.0
x-amz-crc32: 3948637019

{"__type":"com.amazon.coral.service#SerializationException"}

=== no JSON at all
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: DynamoDB_20120810.ListTables

---
400
x-amzn-RequestId: {{id}}
x-amzn-ErrorType: SerializationException
Content-Type: application/x-amz-json-1.0
x-amz-crc32: 3948637019

{"__type":"com.amazon.coral.service#SerializationException"}

=== JSON of the wrong type
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: DynamoDB_20120810.ListTables

[]
---
400
x-amzn-RequestId: {{id}}
x-amzn-ErrorType: SerializationException
Content-Type: application/x-amz-json-1.0
x-amz-crc32: 2074547797

{"__type":"com.amazon.coral.service#SerializationException","Message":"Start of list found where not expected"}

=== JSON that is nested 10,000 deep
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: DynamoDB_20120810.ListTables

{{repeat 10000 {"a":}}
---
400
x-amzn-RequestId: {{id}}
x-amzn-ErrorType: SerializationException
Content-Type: application/x-amz-json-1.0
x-amz-crc32: 803179426

{"__type":"com.amazon.coral.service#SerializationException","Message":"The request is nested too deeply"}

=== a number where a text is due
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: DynamoDB_20120810.ListTables

{"ExclusiveStartTableName":7}
---
400
x-amzn-RequestId: {{id}}
x-amzn-ErrorType: SerializationException
Content-Type: application/x-amz-json-1.0
x-amz-crc32: 1316825532

{"__type":"com.amazon.coral.service#SerializationException","Message":"NUMBER_VALUE cannot be converted to String"}

=== a text where a number is due
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: DynamoDB_20120810.ListTables

{"Limit":"seven"}
---
400
x-amzn-RequestId: {{id}}
x-amzn-ErrorType: SerializationException
Content-Type: application/x-amz-json-1.0
x-amz-crc32: 3269311403

{"__type":"com.amazon.coral.service#SerializationException","Message":"STRING_VALUE cannot be converted to Integer"}

=== a form with a broken escape
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded

Action=AssumeRole&Version=2011-06-15&RoleArn=%zz
---
400
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>MalformedInput</Code><Message>The form holds a broken percent escape</Message></Error><RequestId>{{uuid}}</RequestId></ErrorResponse>

=== a form with a word where a number is due
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded

Action=AssumeRole&Version=2011-06-15&DurationSeconds=long
---
400
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>MalformedInput</Code><Message>STRING_VALUE can not be converted to an Integer</Message></Error><RequestId>{{uuid}}</RequestId></ErrorResponse>

=== malformed JSON of a REST service
POST /2015-03-31/functions HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/json

{"FunctionName":
---
400
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: SerializationException
Content-Type: application/json

{"Message":"Could not parse request body into json: unexpected end of document"}

=== gzip that is none
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
Content-Encoding: gzip
X-Amz-Target: DynamoDB_20120810.ListTables

{}
---
400
x-amzn-RequestId: {{id}}
x-amzn-ErrorType: SerializationException
Content-Type: application/x-amz-json-1.0
x-amz-crc32: 1741066732

{"__type":"com.amazon.coral.service#SerializationException","Message":"The request body is not in the encoding that its headers tell of."}

=== a body that announces itself as too large
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
Content-Length: 900000000
X-Amz-Target: DynamoDB_20120810.ListTables

{}
---
413
x-amzn-RequestId: {{id}}
x-amzn-ErrorType: RequestEntityTooLarge
Content-Type: application/x-amz-json-1.0
x-amz-crc32: 946242918

{"__type":"com.amazonaws.dynamodb.v20120810#RequestEntityTooLarge","message":"The request body is larger than 16777216 bytes, the most that is taken here."}

=== all is well
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: DynamoDB_20120810.ListTables

{}
---
200
x-amzn-RequestId: {{id}}
Content-Type: application/x-amz-json-1.0
x-amz-crc32: 1315925753

{"TableNames":[]}

=== a form whose list has no number, quoted so that XML parsers take it
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded

Action=AssumeRole&Version=2011-06-15&Tags.member.%01x.Key=a
---
400
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>MalformedInput</Code><Message>Key  is not a number in a list or map</Message></Error><RequestId>{{uuid}}</RequestId></ErrorResponse>

=== a form with a control character in a value that is refused
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded

Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::999988887777:role/reader&RoleSessionName=a%01b
---
400
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>1 validation error detected: Value 'a�b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*</Message></Error><RequestId>{{uuid}}</RequestId></ErrorResponse>
