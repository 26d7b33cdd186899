/*
 * The errors of S3 that its model does not state, and the words for the most frequent ones.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
#ifndef CADABRA_S3_ERRORS_H
#define CADABRA_S3_ERRORS_H

#include "gen/s3.h"
#include "server/aws_error.h"

/* name, HTTP status; append yours in the alphabet */
#define S3_ERRORS(X)                                                                               \
    X(AccessControlListNotSupported, 400)                                                          \
    X(AuthorizationHeaderMalformed, 400)                                                           \
    X(BadDigest, 400)                                                                              \
    X(BucketNotEmpty, 409)                                                                         \
    X(ConditionalRequestConflict, 409)                                                             \
    X(CrossLocationLoggingProhibitted, 403)                                                        \
    X(EntityTooLarge, 400)                                                                         \
    X(EntityTooSmall, 400)                                                                         \
    X(ExpiredToken, 400)                                                                           \
    X(IdMismatch, 400)                                                                             \
    X(IllegalLocationConstraintException, 400)                                                     \
    X(IllegalVersioningConfigurationException, 400)                                                \
    X(IncompleteBody, 400)                                                                         \
    X(InvalidAccessKeyId, 403)                                                                     \
    X(InvalidArgument, 400)                                                                        \
    X(InvalidBucketAclWithBlockPublicAccessError, 400)                                             \
    X(InvalidBucketAclWithObjectOwnership, 400)                                                    \
    X(InvalidBucketName, 400)                                                                      \
    X(InvalidBucketOwnerAWSAccountID, 400)                                                         \
    X(InvalidBucketState, 409)                                                                     \
    X(InvalidConfigurationId, 400)                                                                 \
    X(InvalidDigest, 400)                                                                          \
    X(InvalidEncryptionAlgorithmError, 400)                                                        \
    X(InvalidExpressionType, 400)                                                                  \
    X(InvalidLocationConstraint, 400)                                                              \
    X(InvalidPart, 400)                                                                            \
    X(InvalidPartNumber, 416)                                                                      \
    X(InvalidPartOrder, 400)                                                                       \
    X(InvalidPolicyDocument, 400)                                                                  \
    X(InvalidRange, 416)                                                                           \
    X(InvalidRedirectLocation, 400)                                                                \
    X(InvalidRetentionPeriod, 400)                                                                 \
    X(InvalidS3DestinationBucket, 400)                                                             \
    X(InvalidScanRange, 400)                                                                       \
    X(InvalidStorageClass, 400)                                                                    \
    X(InvalidTag, 400)                                                                             \
    X(InvalidTargetBucketForLogging, 400)                                                          \
    X(KeyTooLongError, 400)                                                                        \
    X(MalformedACLError, 400)                                                                      \
    X(MalformedPOSTRequest, 400)                                                                   \
    X(MalformedPolicy, 400)                                                                        \
    X(MalformedTrailerError, 400)                                                                  \
    X(MalformedXML, 400)                                                                           \
    X(MaxPostPreDataLengthExceededError, 400)                                                      \
    X(MetadataTooLarge, 400)                                                                       \
    X(MethodNotAllowed, 405)                                                                       \
    X(MissingContentLength, 411)                                                                   \
    X(MissingRequestBodyError, 400)                                                                \
    X(MissingSecurityHeader, 400)                                                                  \
    X(NoSuchBucketPolicy, 404)                                                                     \
    X(NoSuchCORSConfiguration, 404)                                                                \
    X(NoSuchConfiguration, 404)                                                                    \
    X(NoSuchLifecycleConfiguration, 404)                                                           \
    X(NoSuchObjectLockConfiguration, 404)                                                          \
    X(NoSuchPublicAccessBlockConfiguration, 404)                                                   \
    X(NoSuchTagSet, 404)                                                                           \
    X(NoSuchTagSetError, 404)                                                                      \
    X(NoSuchVersion, 404)                                                                          \
    X(NoSuchWebsiteConfiguration, 404)                                                             \
    X(NotImplemented, 501)                                                                         \
    X(ObjectLockConfigurationNotFoundError, 404)                                                   \
    X(OwnershipControlsNotFoundError, 404)                                                         \
    X(PreconditionFailed, 412)                                                                     \
    X(ReplicationConfigurationNotFoundError, 404)                                                  \
    X(RequestTimeTooSkewed, 403)                                                                   \
    X(ServerSideEncryptionConfigurationNotFoundError, 404)                                         \
    X(SignatureDoesNotMatch, 403)                                                                  \
    X(TooManyBuckets, 400)                                                                         \
    X(TooManyConfigurations, 400)                                                                  \
    X(UnexpectedContent, 400)                                                                      \
    X(UnresolvableGrantByEmailAddress, 400)                                                        \
    X(UnsupportedScanRangeInput, 400)                                                              \
    X(UserKeyMustBeSpecified, 400)                                                                 \
    X(XAmzContentSHA256Mismatch, 400)

#define X(name, status) extern const struct aws_error s3_##name;
S3_ERRORS(X)
#undef X

/* Each is -1, with AWS's words and the elements that AWS adds. */
int s3_fail_no_bucket(struct request *req, const char *bucket);
int s3_fail_no_key(struct request *req, const char *key);
int s3_fail_no_version(struct request *req, const char *key, const char *version_id);
int s3_fail_no_upload(struct request *req, const char *upload_id);
int s3_fail_denied(struct request *req);
int s3_fail_malformed_xml(struct request *req);
/* <ArgumentName> and <ArgumentValue> beside the text; value NULL: none. */
int s3_fail_argument(struct request *req, const char *name, const char *value, const char *text);
/* condition: If-Match, If-None-Match, ... */
int s3_fail_precondition(struct request *req, const char *condition);
/* A header that AWS has and asks not for here. */
int s3_fail_header(struct request *req, const char *header);
/* x-amz-checksum-algorithm names none. */
int s3_fail_checksum_algorithm(struct request *req);

/* For compilers and analysers, which cannot see into the functions: none of them returns 0. */
#define s3_fail_no_bucket(...)                                                                     \
    ({                                                                                             \
        (s3_fail_no_bucket)(__VA_ARGS__);                                                          \
        -1;                                                                                        \
    })
#define s3_fail_no_key(...)                                                                        \
    ({                                                                                             \
        (s3_fail_no_key)(__VA_ARGS__);                                                             \
        -1;                                                                                        \
    })
#define s3_fail_no_version(...)                                                                    \
    ({                                                                                             \
        (s3_fail_no_version)(__VA_ARGS__);                                                         \
        -1;                                                                                        \
    })
#define s3_fail_no_upload(...)                                                                     \
    ({                                                                                             \
        (s3_fail_no_upload)(__VA_ARGS__);                                                          \
        -1;                                                                                        \
    })
#define s3_fail_denied(...)                                                                        \
    ({                                                                                             \
        (s3_fail_denied)(__VA_ARGS__);                                                             \
        -1;                                                                                        \
    })
#define s3_fail_malformed_xml(...)                                                                 \
    ({                                                                                             \
        (s3_fail_malformed_xml)(__VA_ARGS__);                                                      \
        -1;                                                                                        \
    })
#define s3_fail_argument(...)                                                                      \
    ({                                                                                             \
        (s3_fail_argument)(__VA_ARGS__);                                                           \
        -1;                                                                                        \
    })
#define s3_fail_precondition(...)                                                                  \
    ({                                                                                             \
        (s3_fail_precondition)(__VA_ARGS__);                                                       \
        -1;                                                                                        \
    })
#define s3_fail_header(...)                                                                        \
    ({                                                                                             \
        (s3_fail_header)(__VA_ARGS__);                                                             \
        -1;                                                                                        \
    })
#define s3_fail_checksum_algorithm(...)                                                            \
    ({                                                                                             \
        (s3_fail_checksum_algorithm)(__VA_ARGS__);                                                 \
        -1;                                                                                        \
    })

#endif
