options: --account 111122223333

=== a topic
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/us-east-1/sns/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=CreateTopic&Version=2010-03-31&Name=news&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=News
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<CreateTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><CreateTopicResult><TopicArn>arn:aws:sns:us-east-1:123456789012:news</TopicArn></CreateTopicResult><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></CreateTopicResponse>

=== its tags, as a list of members
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/us-east-1/sns/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=TagResource&Version=2010-03-31&ResourceArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3Anews&Tags.member.1.Key=a&Tags.member.1.Value=1
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<TagResourceResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><TagResourceResult></TagResourceResult><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></TagResourceResponse>

=== and back
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/us-east-1/sns/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=ListTagsForResource&Version=2010-03-31&ResourceArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3Anews
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ListTagsForResourceResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ListTagsForResourceResult><Tags><member><Key>a</Key><Value>1</Value></member></Tags></ListTagsForResourceResult><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></ListTagsForResourceResponse>

=== an operation without an output
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/us-east-1/sns/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=SetTopicAttributes&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3Anews&AttributeName=DisplayName&AttributeValue=N
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<SetTopicAttributesResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></SetTopicAttributesResponse>

=== an error has the code without Exception
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/us-east-1/sns/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=GetTopicAttributes&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3Aold
---
404
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error><RequestId>{{uuid}}</RequestId></ErrorResponse>

=== a link of a message is unsigned and names no version
GET /?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:123456789012:news&Token=ab HTTP/1.1
Host: 127.0.0.1:4566


---
400
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>Invalid parameter: Token</Message></Error><RequestId>{{uuid}}</RequestId></ErrorResponse>
