options: --account 111122223333 --region eu-central-1

=== a key of 12 digits is its own account
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=GetCallerIdentity&Version=2011-06-15
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><UserId>123456789012</UserId><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:root</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></GetCallerIdentityResponse>

=== any other key has the account of --account
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=GetCallerIdentity&Version=2011-06-15
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><UserId>111122223333</UserId><Account>111122223333</Account><Arn>arn:aws:iam::111122223333:root</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></GetCallerIdentityResponse>

=== a role's session acts in the role's account
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A999988887777%3Arole%2Freader&RoleSessionName=session
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>{{keep SESSION_KEY}}</AccessKeyId><SecretAccessKey>{{id}}</SecretAccessKey><SessionToken>{{id}}</SessionToken><Expiration>{{time}}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>{{id}}:session</AssumedRoleId><Arn>arn:aws:sts::999988887777:assumed-role/reader/session</Arn></AssumedRoleUser></AssumeRoleResult><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></AssumeRoleResponse>

=== so does what it asks next
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential={{SESSION_KEY}}/20261122/eu-west-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=GetCallerIdentity&Version=2011-06-15
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><UserId>{{id}}:session</UserId><Account>999988887777</Account><Arn>arn:aws:sts::999988887777:assumed-role/reader/session</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></GetCallerIdentityResponse>

=== a stream belongs to the region of the scope
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Kinesis_20131202.CreateStream
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/kinesis/aws4_request, SignedHeaders=host, Signature=0

{"StreamName":"orders","ShardCount":1}
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: application/x-amz-json-1.1
x-amz-id-2: {{id}}

=== and is not there in another region
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Kinesis_20131202.ListStreams
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-2/kinesis/aws4_request, SignedHeaders=host, Signature=0

{}
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: application/x-amz-json-1.1
x-amz-id-2: {{id}}

{"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]}

=== nor in another account
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Kinesis_20131202.ListStreams
Authorization: AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/kinesis/aws4_request, SignedHeaders=host, Signature=0

{}
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: application/x-amz-json-1.1
x-amz-id-2: {{id}}

{"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]}

=== an unsigned request is of --region
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Kinesis_20131202.DescribeStreamSummary

{"StreamName":"orders"}
---
400
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: ResourceNotFoundException
Content-Type: application/x-amz-json-1.1
x-amz-id-2: {{id}}

{"__type":"ResourceNotFoundException","message":"Stream orders under account 111122223333 not found."}
